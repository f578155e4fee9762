"""Backward passes of operators whose forward autograd can differentiate."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def at_least_float32(*tensors: Tensor) -> tuple[Tensor, ...]:
    """Return tensors in the type to compute in: half types hold too few digits for coordinates."""
    return tuple(each.to(torch.promote_types(each.dtype, torch.float32)) for each in tensors)


def pull_back(
    forward: Callable[..., Tensor], inputs: Sequence[Tensor], grad_output: Tensor
) -> tuple[Tensor, ...]:
    """Compute a forward again and return the gradient of every input.

    Args:
        forward: Takes the inputs, each in float32 at least.
        inputs: Floating, of any type.
        grad_output: Gradient of the forward's result.

    Returns:
        Gradients in the type that was computed in, of the inputs' shapes.
    """
    with torch.enable_grad():
        leaves = [each.detach().requires_grad_() for each in at_least_float32(*inputs)]
        output = forward(*leaves)
        return torch.autograd.grad(output, leaves, grad_output.to(output.dtype))
