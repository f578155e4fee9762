"""The depthwise convolution: packed blocks at every side and awkward widths, whole maps."""

from collections.abc import Iterator
from functools import partial

import torch.nn.functional as F
from torch import Tensor

from gpu.case import Case, Operation
from gpu.draws import draw, draw_patches, sizes
from gpu.setting import Setting
from mmcnx2.nn.ops.depthwise_conv import Windows, naive, on_blocks, on_maps

RADIUS = 3
FLOPS = 2 * (2 * RADIUS + 1) ** 2
"""Of each number that comes out."""


def cases(setting: Setting) -> Iterator[Case]:
    """Yield every side of a block, widths that are no power of two, and maps of awkward sizes."""
    images = setting.batch(4)
    patches, grid = draw_patches(setting, images)
    rows = len(patches) // images
    blocks = [(8, 40), (8, 128), (4, 256), (2, 512), (1, 1024), (1, 2816), (2, 72)]
    for side, channels in sizes(setting, blocks, [(2, 3)]):
        windows = Windows.of_blocks(patches, grid, side, RADIUS)
        yield Case(
            f'blocks of {side} x {side}, {channels} channels',
            on_blocks(patches, grid, side, RADIUS, 'triton'),
            partial(_in_windows, windows),
            _inputs(setting, images, rows * side**2, channels),
        )
    maps = [(56, 56, 96), (14, 14, 512), (25, 40, 1024), (7, 7, 512), (200, 320, 128)]
    for *size, channels in sizes(setting, maps, [(1, 2, 3)]):
        yield Case(
            f'a map of {size[0]} x {size[1]}, {channels} channels',
            on_maps('triton'),
            on_maps('torch'),
            _inputs(setting, setting.batch(2), *size, channels),
        )


def operations(setting: Setting) -> Iterator[Operation]:
    """Yield each stage of Base: packed rows, and whole maps beside cuDNN."""
    images = setting.batch(128)
    patches, grid = draw_patches(setting, images)
    for stage, depth, channels, side in setting.stages('base'):
        given = _inputs(setting, images, len(patches) // images * side**2, channels)
        yield Operation(
            f'packed rows of stage {stage}',
            {'ours': on_blocks(patches, grid, side, RADIUS, 'triton')},
            _rounded(given),
            **_work(given['x'], depth),
        )
        width = grid[1] * side
        given = _inputs(setting, images, width, width, channels)
        yield Operation(
            f'maps of stage {stage}',
            {'ours': on_maps('triton'), 'cuDNN': _cudnn},
            _rounded(given),
            **_work(given['x'], depth),
        )


def _in_windows(windows: Windows, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    return naive.depthwise_conv(x, weight, bias, windows)


def _cudnn(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    maps = x.permute(0, 3, 1, 2)
    weight, bias = weight.to(x.dtype), bias.to(x.dtype)
    return F.conv2d(maps, weight, bias, padding=RADIUS, groups=len(weight)).permute(0, 2, 3, 1)


def _inputs(setting: Setting, *shape: int) -> dict[str, Tensor]:
    channels, kernel = shape[-1], 2 * RADIUS + 1
    return dict(
        x=draw(setting, *shape, seed=0),
        weight=draw(setting, channels, 1, kernel, kernel, seed=1) / kernel,
        bias=draw(setting, channels, seed=2),
    )


def _rounded(given: dict[str, Tensor]) -> tuple[Tensor, ...]:
    x, *parameters = given.values()
    return x.bfloat16(), *(parameter.float() for parameter in parameters)


def _work(x: Tensor, depth: int) -> dict[str, int]:
    return dict(moved=4 * x.numel(), flops=FLOPS * x.numel(), blocks=depth)
