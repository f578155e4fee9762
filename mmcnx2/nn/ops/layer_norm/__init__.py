"""LayerNorm over channels, with what is added to every row before it.

``naive`` is the definition, and what torch computes; ``fused_triton`` reads and writes rows once,
in their own dtype. Which of them computes is decided here and nowhere else.
"""

from torch import Tensor, nn

from mmcnx2.nn.ops.transforms import needs_plain_torch
from mmcnx2.nn.plain import is_plain

__all__ = ['adds_shift', 'normalize']


def adds_shift(norm: nn.Module, x: Tensor, ops: str) -> bool:
    """Return whether :func:`normalize` adds a bias at no cost, and sums its gradient likewise.

    Args:
        norm: The layer.
        x: What is normalized, or a tensor before it.
        ops: 'triton', or anything else for plain torch.
    """
    plain = is_plain(norm, nn.LayerNorm) and norm.weight is not None and norm.bias is not None
    return ops == 'triton' and plain and not needs_plain_torch(x)


def normalize(norm: nn.Module, x: Tensor, *, ops: str, shift: Tensor | None = None) -> Tensor:
    """Return a layer's LayerNorm of ``x + shift``.

    Args:
        norm: The layer; one that is not plain is called.
        x: ``(..., C)``.
        ops: 'triton', or anything else for plain torch.
        shift: ``(C,)`` or None, as where :func:`adds_shift` says no.

    Returns:
        The shape of ``x``. With Triton in autocast's dtype under autocast; torch's own is float32
        there.
    """
    if not adds_shift(norm, x, ops):
        return norm(x if shift is None else x + shift)
    from mmcnx2.nn.ops.layer_norm.fused_triton import layer_norm

    return layer_norm(x, norm.weight, norm.bias, norm.eps, shift)
