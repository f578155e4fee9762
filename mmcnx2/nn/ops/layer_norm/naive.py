"""The definition: what every faster LayerNorm is tested against."""

import torch.nn.functional as F
from torch import Tensor

from mmcnx2.nn.ops.precision import widen


def layer_norm(
    x: Tensor, weight: Tensor, bias: Tensor, eps: float, shift: Tensor | None = None
) -> Tensor:
    """Normalize each row of ``x + shift`` to mean 0 and deviation 1, then scale and move it.

    Args:
        x: ``(..., C)``.
        weight: ``(C,)``.
        bias: ``(C,)``.
        eps: Added to the variance.
        shift: ``(C,)``, such as the bias of the convolution before, or None.

    Returns:
        The shape and dtype of ``x``. Statistics are float32 or wider.
    """
    rows = widen(x) if shift is None else widen(x) + shift
    return F.layer_norm(rows, weight.shape, weight.to(rows), bias.to(rows), eps).to(x.dtype)
