"""Where the time of a step of Base goes: each operation beside its peers, and the products."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from gpu import kernels
from gpu.case import Operation
from gpu.comparison import seconds_of
from gpu.draws import draw, draw_patches, draw_visible
from gpu.row import Row, guarded
from gpu.setting import Setting
from mmcnx2.nn.layouts import PackedLayout


def measure(setting: Setting) -> Iterator[Row]:
    """Yield a row for each pass of each operation by each that can do it."""
    visible = draw_visible(setting, setting.batch(128))
    sides = [side for *_, side in setting.stages('base')]
    strides = [4 * sides[0] // side for side in sides]
    plan = partial(PackedLayout.plan, visible, strides, setting.device, ops='triton')
    yield Row('plan of a mask', dict(us=1e6 * seconds_of(setting, plan)))
    for name in kernels.list_kernels():
        yield from guarded(name, lambda name=name: _of_kernels(setting, name))
    for operation in _around(setting):
        yield from guarded(operation.name, partial(_passes, setting, operation))


def _of_kernels(setting: Setting, name: str) -> Iterator[Row]:
    for operation in kernels.load(name).operations(setting):
        yield from _passes(setting, operation, name)


def _passes(setting: Setting, operation: Operation, prefix: str = '') -> Iterator[Row]:
    what = f'{prefix} {operation.name}'.strip()
    for way, function in operation.ways.items():
        for name, call, factor in _forward_and_backward(function, operation.inputs):
            seconds = seconds_of(setting, call)
            moved = operation.moved * (1 + factor) / 2
            values = dict(us=1e6 * seconds, TB_per_s=moved / seconds / 1e12)
            if operation.flops:
                values['TFLOP_per_s'] = factor * operation.flops / seconds / 1e12
            yield Row(f'{what}, {name}: {way}', dict(values, a_step=operation.blocks))


def _forward_and_backward(
    function: Callable[..., Tensor], inputs: Sequence[Tensor]
) -> list[tuple[str, Callable[[], object], int]]:
    """Return a name, a call and how often the forward's work, for both passes."""
    leaves = [tensor.detach().requires_grad_(tensor.is_floating_point()) for tensor in inputs]

    def forward() -> Tensor:
        with torch.no_grad():
            return function(*leaves)

    output = function(*leaves)
    if not output.requires_grad:
        return [('forward', forward, 1)]
    upstream = torch.ones_like(output)

    def backward() -> tuple[Tensor, ...]:
        return torch.autograd.grad(output, leaves, upstream, retain_graph=True)

    return [('forward', forward, 1), ('backward', backward, 2)]


def _around(setting: Setting) -> Iterator[Operation]:
    """Yield what is left to libraries: the products of each stage."""
    images = setting.batch(128)
    patches, _ = draw_patches(setting, images)
    for stage, depth, channels, side in setting.stages('base'):
        rows = len(patches) * side**2
        half = partial(draw, setting, dtype=torch.bfloat16)
        x, wide = half(rows, channels, seed=0), half(rows, 4 * channels, seed=1)
        up, down = half(4 * channels, channels, seed=2), half(channels, 4 * channels, seed=3)
        product = dict(moved=10 * x.numel(), flops=8 * channels * x.numel(), blocks=depth)
        yield Operation(f'expansion of stage {stage}', {'torch': F.linear}, (x, up), **product)
        yield Operation(
            f'projection of stage {stage}', {'torch': F.linear}, (wide, down), **product
        )
