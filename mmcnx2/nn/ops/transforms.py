"""Who looks on while a network computes, and needs it in torch's own operations."""

import torch
import torch.fx
from torch import Tensor


def needs_plain_torch(x: Tensor) -> bool:
    """Return whether only operations of torch will do: an ``autograd.Function`` cannot be followed.

    So it is under ``torch.jit.trace``, which ``torch.onnx.export(dynamo=False)`` uses, in
    ``torch.fx.symbolic_trace``, by which ``torch.jit.script`` goes, too, and in ``torch.func``'s
    transforms (``grad``, ``vmap``, ``jvp`` and what is made of them), which want rules beyond a
    backward.

    Args:
        x: What is computed with; a symbol in ``torch.fx``.
    """
    traced = torch.jit.is_tracing() or isinstance(x, torch.fx.Proxy)
    return traced or torch._C._are_functorch_transforms_active()
