"""The definition: what every faster GRN is tested against."""

from torch import Tensor

from mmcnx2.nn.ops.precision import l2_norm


def grn(x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
    """Compute ``x + gamma * x * N(G(x)) + beta`` (paper eqs. 1 to 3 and Algorithm 1).

    Args:
        x: ``(N, T, C)``, the sites of N images.
        gamma: ``(C,)``.
        beta: ``(C,)``.
        eps: Added to the mean norm.

    Returns:
        ``(N, T, C)`` in x's dtype. Statistics are float32 or wider.
    """
    norm = l2_norm(x, dim=1)
    response = norm / (norm.mean(-1, keepdim=True) + eps)
    scale = (1 + gamma * response).unsqueeze(1)
    return x * scale.to(x.dtype) + beta.to(x.dtype)
