"""The precision of sums: in float16 they overflow, in bfloat16 they soon stop growing."""

import torch
import torch.fx
from torch import Tensor


@torch.fx.wrap
def wide_dtype(x: Tensor) -> torch.dtype:
    """Return float32, or float64 for float64: a call in a graph, where ``x`` has no dtype yet."""
    return torch.promote_types(x.dtype, torch.float32)


def widen(x: Tensor) -> Tensor:
    """Return ``x`` in :func:`wide_dtype`."""
    return x.to(wide_dtype(x))


def follow_autocast(x: Tensor) -> Tensor:
    """Return ``x`` in autocast's dtype under autocast, and as it is elsewhere."""
    return x.to(autocast_dtype(x.device) or x.dtype)


def autocast_dtype(device: torch.device) -> torch.dtype | None:
    """Return autocast's dtype on a device under autocast, and None elsewhere."""
    kind = device.type
    if kind == 'meta' or not torch.is_autocast_enabled(kind):  # which does not know 'meta'
        return None
    return torch.get_autocast_dtype(kind)


def l2_norm(x: Tensor, *, dim: int | tuple[int, ...]) -> Tensor:
    """L2 norm over ``dim``, accumulated in float32 or wider whatever ``x`` is stored in.

    float16 squares overflow beyond 255 (ConvNeXt-V2#66).
    """
    return torch.linalg.vector_norm(x, dim=dim, dtype=wide_dtype(x))
