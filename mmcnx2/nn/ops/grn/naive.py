"""The definition: what every faster GRN is tested against."""

import torch
from torch import Tensor


def grn(x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
    """Compute ``x + gamma * x * N(G(x)) + beta`` (paper eqs. 1 to 3 and Algorithm 1).

    Args:
        x: ``(N, T, C)``, the sites of N images, float32 or wider.
        gamma: ``(C,)``.
        beta: ``(C,)``.
        eps: Added to the mean norm.

    Returns:
        ``(N, T, C)``.
    """
    norm = torch.linalg.vector_norm(x, dim=1, keepdim=True)
    response = norm / (norm.mean(-1, keepdim=True) + eps)
    return x + gamma * x * response + beta
