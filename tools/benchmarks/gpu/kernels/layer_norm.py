"""LayerNorm with a shift: widths of published sizes, one row, the rows of a detector."""

from collections.abc import Iterator

import torch.nn.functional as F
from torch import Tensor

from gpu.case import Case, Operation
from gpu.draws import draw, sizes
from gpu.setting import Setting
from mmcnx2.nn.ops.layer_norm import naive

EPS = 1e-6


def cases(setting: Setting) -> Iterator[Case]:
    """Yield numbers of rows and widths."""
    shapes = [(4864, 40), (1, 96), (64000, 128), (1216, 352), (931, 512), (76, 2816)]
    for rows, channels in sizes(setting, shapes, [(3, 5)]):
        inputs = _inputs(setting, rows, channels)
        yield Case(f'{rows} rows, {channels} channels', _fast, _naive, inputs)


def operations(setting: Setting) -> Iterator[Operation]:
    """Yield each stage of Base beside torch's own, with and without autocast's copies."""
    count, _ = setting.patches
    for stage, depth, channels, side in setting.stages('base'):
        x, *parameters = _inputs(setting, setting.batch(128) * count * side**2, channels).values()
        yield Operation(
            f'packed rows of stage {stage}',
            {
                'ours': _fast,
                'torch under autocast': _as_autocast_does,
                'torch in bfloat16': _in_half,
            },
            (x.bfloat16(), *(parameter.float() for parameter in parameters)),
            moved=4 * x.numel(),
            blocks=depth,
        )


def _fast(x: Tensor, weight: Tensor, bias: Tensor, shift: Tensor) -> Tensor:
    from mmcnx2.nn.ops.layer_norm.fused_triton import layer_norm

    return layer_norm(x, weight, bias, EPS, shift)


def _naive(x: Tensor, weight: Tensor, bias: Tensor, shift: Tensor) -> Tensor:
    return naive.layer_norm(x, weight, bias, EPS, shift)


def _as_autocast_does(x: Tensor, weight: Tensor, bias: Tensor, shift: Tensor) -> Tensor:
    rows = (x + shift.to(x.dtype)).float()
    return F.layer_norm(rows, weight.shape, weight, bias, EPS).to(x.dtype)


def _in_half(x: Tensor, weight: Tensor, bias: Tensor, shift: Tensor) -> Tensor:
    weight, bias, shift = (parameter.to(x.dtype) for parameter in (weight, bias, shift))
    return F.layer_norm(x + shift, weight.shape, weight, bias, EPS)


def _inputs(setting: Setting, rows: int, channels: int) -> dict[str, Tensor]:
    names = ('weight', 'bias', 'shift')
    return dict(x=draw(setting, rows, channels, seed=0)) | {
        name: draw(setting, channels, seed=i) for i, name in enumerate(names, 1)
    }
