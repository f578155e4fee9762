"""Who looks on while an operation computes, and needs it in torch's own operations."""

import torch


def needs_plain_torch() -> bool:
    """Return whether only operations of torch will do: an ``autograd.Function`` cannot be followed.

    So it is under ``torch.jit.trace``, which ``torch.onnx.export(dynamo=False)`` uses, and in
    ``torch.func``'s transforms (``grad``, ``vmap``, ``jvp`` and what is made of them), which want
    rules beyond a backward.
    """
    return torch.jit.is_tracing() or torch._C._are_functorch_transforms_active()
