"""GELU with GRN: widths of every published size, one site, images of a detector."""

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor

from gpu.case import Case, Operation
from gpu.draws import draw, sizes
from gpu.setting import Setting
from mmcnx2.nn.ops.grn import gelu_grn, naive

EPS = 1e-6


def cases(setting: Setting) -> Iterator[Case]:
    """Yield images, sites and widths."""
    shapes = [
        (4, 1216, 160), (4, 1216, 512), (4, 76, 2048), (4, 19, 4096), (2, 19, 11264),
        (2, 49, 2048), (1, 64000, 512), (3, 1, 6144),
    ]  # fmt: skip
    for images, sites, channels in sizes(setting, shapes, [(1, 3, 5)]):
        yield Case(
            f'{images} images, {sites} sites, {channels} channels',
            _fast,
            _naive,
            _inputs(setting, images, sites, channels),
        )


def operations(setting: Setting) -> Iterator[Operation]:
    """Yield each stage of Base beside plain torch."""
    count, _ = setting.patches
    for stage, depth, channels, side in setting.stages('base'):
        given = _inputs(setting, setting.batch(128), count * side**2, 4 * channels)
        x, gamma, beta = given.values()
        yield Operation(
            f'packed rows of stage {stage}',
            {'ours': _fast, 'torch': _plain},
            (x.bfloat16(), gamma.float(), beta.float()),
            moved=6 * x.numel(),
            blocks=depth,
        )


def _fast(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return gelu_grn(x, gamma, beta, EPS, ops='triton')


def _plain(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return gelu_grn(x, gamma, beta, EPS, ops='torch')


def _naive(x: Tensor, gamma: Tensor, beta: Tensor) -> Tensor:
    return naive.grn(F.gelu(x), gamma, beta, EPS)


def _inputs(setting: Setting, images: int, sites: int, channels: int) -> dict[str, Tensor]:
    return dict(
        x=draw(setting, images, sites, channels, seed=0),
        gamma=draw(setting, channels, seed=1),
        beta=draw(setting, channels, seed=2),
    )
