"""Compile Triton kernels for a GPU that need not be here, and print what each uses as JSON.

    python -m tests.support.compile_kernels 90          # H100: the narrowest and the widest
    python -m tests.support.compile_kernels 80 --all    # A100: every published width

A line a kernel: registers, bytes of stack (spilt registers), instructions of the longest loop,
those a multiply-add of a depthwise convolution, and how many loads there are of each size. Run as a
process of its own: a test's process has Triton's interpreter in the compiler's place.
"""

import argparse
import json
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from mmcnx2.archs import ARCHS
from mmcnx2.nn.ops.depthwise_conv import tiled_triton as depthwise_conv
from mmcnx2.nn.ops.grn import fused_triton as grn
from mmcnx2.nn.ops.layer_norm import fused_triton as layer_norm
from mmcnx2.nn.ops.pixels import fused_triton as pixels

FLOAT, HALF, INT = '*fp32', '*bf16', '*i32'
POINTERS = {
    **dict.fromkeys(('rows', 'out', 'grad', 'x', 'grad_x'), HALF),
    **dict.fromkeys(('taps', 'bias', 'partial', 'squares', 'gamma', 'beta', 'norm', 'mean'), FLOAT),
    **dict.fromkeys(
        ('scale', 'slope', 'share', 'dot', 'total', 'weight', 'shift', 'factor'), FLOAT
    ),
    'source': INT,
    'values': '*u8',
    'patches': '*i64',
    'std': FLOAT,
    'eps': 'fp32',
}
NORMS = (layer_norm._forward_kernel, layer_norm._backward_kernel)
FEW = dict(stages=[(40, 8), (2816, 1)], widths=[2816])
# Packed stages of 32-px patches, and tiles of 7 sites, as whole maps of 224 px have.
ALL = dict(
    stages=sorted({(c, 8 >> i) for a in ARCHS.values() for i, c in enumerate(a['channels'])})
    + [(width, 7) for width in (40, 128, 512, 2816)],
    widths=sorted({512, *(c for a in ARCHS.values() for c in a['channels'])}),
)


@dataclass(frozen=True)
class Case:
    """A kernel with what it is compiled for, and the multiply-adds of a thread in its loop."""

    kernel: triton.JITFunction
    constants: dict
    options: dict = field(default_factory=dict)
    multiply_adds: int = 0

    @property
    def name(self) -> str:
        room = self.kernel.__module__.split('.')[-2]
        sizes = (f'{name.lower()}={self.constants.get(name)}' for name in ('CHANNELS', 'SIDE'))
        return f'{room}{self.kernel.__name__} {" ".join(sizes)}'


def cases(stages: list[tuple[int, int]], widths: list[int]) -> Iterator[Case]:
    """Yield kernels of every operation, in bfloat16.

    Args:
        stages: Channels and sites along one side of a window: one case each.
        widths: Of LayerNorm. GRN's kernels are the same for all.
    """
    bf16 = torch.bfloat16
    for channels, side in stages:
        given = bf16, channels, 7, side
        work = 7 * side * (depthwise_conv.forward_constants(*given)['VECTOR'])
        options = depthwise_conv.OPTIONS
        forward = dict(depthwise_conv.forward_constants(*given), BIAS=True)
        yield Case(depthwise_conv._forward_kernel, forward, options, work)
        weight = depthwise_conv.weight_constants(*given)
        yield Case(depthwise_conv._weight_kernel, weight, options, work)
    for channels in widths:
        constants, options = layer_norm.constants(bf16, channels)
        for kernel in NORMS:
            yield Case(kernel, dict(constants, SHIFT=True, SUMS=True), options)
    sizes = dict(zip(('SITES', 'CHANNELS'), grn.TILE, strict=True), SUM=tl.float32)
    for kernel in (
        grn._square_kernel, grn._output_kernel, grn._dot_kernel, grn._gradient_kernel,
    ):  # fmt: skip
        yield Case(kernel, sizes)
    for kernel in (grn._respond_kernel, grn._respond_backward_kernel):
        yield Case(kernel, grn._respond_tile())
    constants = dict(TURNED=True, BLOCK=pixels.BLOCK)
    yield Case(pixels._windows_kernel, dict(constants, KERNEL=4, SIDE=8))
    yield Case(pixels._targets_kernel, dict(constants, SIZE=32, STANDARDIZE=True))


def compile_for(case: Case, capability: int):
    """Compile one kernel, pointers and channels being multiples of 16 as in the real models."""
    names = case.kernel.arg_names
    constants = {name: value for name, value in case.constants.items() if name in names}
    signature = {
        name: 'constexpr' if name in constants else POINTERS.get(name, 'i32') for name in names
    }
    even = [['tt.divisibility', 16]]
    attributes = {
        (i,): even
        for i, name in enumerate(names)
        if signature[name].startswith('*') or signature[name] == 'i32' and name == 'channels'
    }
    source = ASTSource(
        case.kernel,
        signature,
        {(names.index(name),): value for name, value in constants.items()},
        attributes,
    )
    return triton.compile(
        source, target=GPUTarget('cuda', capability, 32), options=dict(case.options)
    )


def look_into(cubin: bytes, *options: str) -> str:
    """Return what ``cuobjdump`` says of machine code."""
    tool = Path(triton.__file__).parent / 'backends/nvidia/bin/cuobjdump'
    with tempfile.NamedTemporaryFile(suffix='.cubin') as file:
        file.write(cubin)
        file.flush()
        command = [tool, *options, file.name]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def usage(case: Case, cubin: bytes) -> dict:
    """Return what the module says of one kernel."""
    told = look_into(cubin, '-res-usage')
    registers, stack = map(int, re.search(r'REG:(\d+) STACK:(\d+)', told).groups())
    text = look_into(cubin, '-sass')
    lines = re.findall(r'/\*([0-9a-f]{4,5})\*/\s+(?:@\S+\s+)?([A-Z][A-Z0-9_.]*)([^;]*);', text)
    loop = 0
    for at, name, rest in lines:
        to = re.search(r'0x([0-9a-f]+)', rest) if name.startswith('BRA') else None
        if to and int(to[1], 16) < int(at, 16):  # backwards: what lies between is a loop
            inside = sum(int(to[1], 16) <= int(place, 16) <= int(at, 16) for place, *_ in lines)
            loop = max(loop, inside)
    found = dict(registers=registers, stack=stack, loop=loop, loads=_loads(n for _, n, _ in lines))
    if case.multiply_adds:
        found['a_multiply_add'] = round(loop / case.multiply_adds, 2)
    return found


def _loads(names: Iterator[str]) -> dict[int, int]:
    """Count loads from global memory by their bytes."""
    sizes = {'128': 16, '64': 8, 'U16': 2, 'S16': 2, 'U8': 1, 'S8': 1}
    parts = (name.split('.') for name in names if name.startswith('LDG'))
    return dict(Counter(next((sizes[p] for p in part if p in sizes), 4) for part in parts))


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('capability', type=int, choices=(80, 90))
    parser.add_argument('--all', action='store_true', help='every published width')
    args = parser.parse_args()
    for case in cases(**(ALL if args.all else FEW)):
        cubin = compile_for(case, args.capability).asm['cubin']
        print(json.dumps({'kernel': case.name, **usage(case, cubin)}), flush=True)
