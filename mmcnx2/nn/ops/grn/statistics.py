"""GRN's arithmetic on one number a channel and image, ``(N, C)``, without the rows."""

import torch
from torch import Tensor

from mmcnx2.nn.ops.precision import widen


def forward(x: Tensor, gamma: Tensor, eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return ``1 + gamma * N(G(x))``, G(x), both ``(N, C)``, and G's mean plus eps, ``(N, 1)``.

    Args:
        x: ``(N, T, C)``, the sites of N images.
        gamma: ``(C,)``.
        eps: Added to the mean norm.
    """
    norm = widen(x).square().sum(1).sqrt()
    mean = norm.mean(-1, keepdim=True) + eps
    return 1 + gamma * (norm / mean), norm, mean


def backward(
    dot: Tensor, gamma: Tensor, norm: Tensor, mean: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what the rows' gradient ``grad * scale + x * slope`` needs, and gamma's gradient.

    Args:
        dot: ``(N, C)``, the sum of ``grad * x`` over sites, grad that of GRN's output.
        gamma: ``(C,)``.
        norm: As :func:`forward` returned it.
        mean: G's mean plus eps, as :func:`forward` returned it.

    Returns:
        scale and slope, ``(N, C)``, and the gradient of gamma, ``(C,)``.
    """
    response = norm / mean
    grad_response = gamma * dot
    grad_norm = (grad_response - (grad_response * response).mean(-1, keepdim=True)) / mean
    # A channel that is zero everywhere has no direction to grow in: the subgradient is zero.
    slope = torch.where(norm > 0, grad_norm / norm, 0)
    return 1 + gamma * response, slope, (dot * response).sum(0).to(gamma.dtype)
