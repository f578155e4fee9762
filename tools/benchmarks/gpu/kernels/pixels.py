"""Visible windows and hidden targets: bytes of images, each patch once.

Pixels have no gradient, so each is shown by a product with weights, which have one.
"""

from collections.abc import Callable, Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from gpu.case import Case, Operation
from gpu.draws import draw, draw_patches, sizes
from gpu.setting import Setting
from mmcnx2.nn.ops.pixels import Pixels, hidden_targets, visible_windows

EPS = 1e-6
SIZE, KERNEL = 32, 4  # pixels along a patch and a window
Cut = Callable[..., Tensor]


def cases(setting: Setting) -> Iterator[Case]:
    """Yield numbers of images and channels."""
    for images, channels in sizes(setting, [(8, 3), (2, 13), (3, 1)], [(1, 3)]):
        pixels, patches = _pixels(setting, images, channels)
        for name, cut in _cuts(pixels, patches).items():
            inputs = dict(weight=draw(setting, 5, cut(ops='torch').shape[-1], seed=0))
            yield Case(
                f'{name} of {images} images, {channels} channels',
                partial(_product, partial(cut, ops='triton')),
                partial(_product, partial(cut, ops='torch')),
                inputs,
            )


def operations(setting: Setting) -> Iterator[Operation]:
    """Yield what a step does of both."""
    pixels, patches = _pixels(setting, setting.batch(128), 3)
    for name, cut in _cuts(pixels, patches).items():
        weight = draw(setting, 8, cut(ops='torch').shape[-1], seed=0).bfloat16()
        ways = {
            way: partial(_product, partial(cut, ops=ops))
            for way, ops in (('ours', 'triton'), ('torch', 'torch'))
        }
        moved = 3 * len(patches) * SIZE**2 * 3
        yield Operation(f'{name}, times 8 weights', ways, (weight,), moved=moved)


def _product(cut: Cut, weight: Tensor) -> Tensor:
    return F.linear(cut().to(weight.dtype), weight)


def _cuts(pixels: Pixels, patches: Tensor) -> dict[str, Cut]:
    return {
        'windows': partial(visible_windows, pixels, patches, SIZE // KERNEL, KERNEL),
        'targets': partial(hidden_targets, pixels, patches, SIZE, EPS),
    }


def _pixels(setting: Setting, images: int, channels: int) -> tuple[Pixels, Tensor]:
    patches, (_, h, w) = draw_patches(setting, images)
    noise = draw(setting, images, channels, h * SIZE, w * SIZE, seed=1)
    mean, std = (
        torch.linspace(*ends, channels, device=setting.device) for ends in ((90, 130), (20, 70))
    )
    values = (128 + 50 * noise).clamp(0, 255).to(torch.uint8)
    return Pixels(values, mean, std, turned=True), patches
