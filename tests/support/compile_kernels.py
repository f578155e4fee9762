"""Compile every Triton kernel for a GPU that need not be here, and print what it uses as JSON.

    python -m tests.support.compile_kernels 90

Run as a process of its own: a test's process has Triton's interpreter in the compiler's place.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from mmcnx2.nn.ops.depthwise_conv import tiled_triton as depthwise_conv
from mmcnx2.nn.ops.grn import fused_triton as grn

FLOAT, HALF, INT = '*fp32', '*bf16', '*i32'
POINTERS = {
    **dict.fromkeys(('rows', 'out', 'grad', 'x', 'grad_x'), HALF),
    **dict.fromkeys(('taps', 'bias', 'partial', 'squares', 'gamma', 'beta', 'norm', 'mean'), FLOAT),
    **dict.fromkeys(('scale', 'slope', 'share', 'dot', 'total'), FLOAT),
    'source': INT,
    'eps': 'fp32',
}
CONSTANTS = dict(
    KERNEL=7, SIDE=8, BIAS=True, ROW=8, SUM=tl.float32, WIDTH=4096,
)  # fmt: skip


def tile(sizes: tuple[int, int]) -> dict[str, int]:
    return dict(zip(('SITES', 'CHANNELS'), sizes, strict=True))


SIZES = {
    depthwise_conv._forward_kernel: tile(depthwise_conv.FORWARD_TILE),
    depthwise_conv._weight_kernel: dict(
        tile(depthwise_conv.WEIGHT_TILE), TILES=32
    ),
} | {
    kernel: dict(tile(grn.TILE), TILES=grn.TILES)
    for kernel in (
        grn._square_kernel, grn._respond_kernel, grn._output_kernel,
        grn._dot_kernel, grn._respond_backward_kernel, grn._gradient_kernel,
    )
}  # fmt: skip


def compile_for(kernel, constants: dict, capability: int):
    """Compile one kernel, pointers and channels being multiples of 16 as in the real models."""
    names = kernel.arg_names
    constants = {name: value for name, value in constants.items() if name in names}
    signature = {
        name: 'constexpr' if name in constants else POINTERS.get(name, 'i32') for name in names
    }
    even = [['tt.divisibility', 16]]
    attributes = {
        (i,): even
        for i, name in enumerate(names)
        if signature[name].startswith('*') or name == 'channels'
    }
    source = ASTSource(
        kernel,
        signature,
        {(names.index(name),): value for name, value in constants.items()},
        attributes,
    )
    return triton.compile(source, target=GPUTarget('cuda', capability, 32))


def usage(compiled) -> dict[str, int]:
    """Registers and bytes of stack, which are spilt registers, of one thread."""
    tool = Path(triton.__file__).parent / 'backends/nvidia/bin/cuobjdump'
    with tempfile.NamedTemporaryFile(suffix='.cubin') as file:
        file.write(compiled.asm['cubin'])
        file.flush()
        told = subprocess.run(
            [tool, '-res-usage', file.name], capture_output=True, text=True, check=True
        ).stdout
    registers, stack = re.search(r'REG:(\d+) STACK:(\d+)', told).groups()
    return dict(registers=int(registers), stack=int(stack))


if __name__ == '__main__':
    print(
        json.dumps(
            {
                f'{kernel.__module__}.{kernel.__name__}': usage(
                    compile_for(kernel, CONSTANTS | sizes, int(sys.argv[1]))
                )
                for kernel, sizes in SIZES.items()
            }
        )
    )
