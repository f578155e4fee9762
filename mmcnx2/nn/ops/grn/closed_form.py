"""GRN with its backward written out, in plain torch."""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmcnx2.nn.ops.grn.statistics import backward, forward
from mmcnx2.nn.ops.precision import widen


def grn(x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
    """Compute ``x + gamma * x * N(G(x)) + beta`` (paper eqs. 1 to 3 and Algorithm 1).

    G is each channel's L2 norm over the rows of one image, N divides it by the mean over channels.

    Args:
        x: ``(N, T, C)``, the sites of N images.
        gamma: ``(C,)``.
        beta: ``(C,)``.
        eps: Added to the mean norm.

    Returns:
        ``(N, T, C)`` in x's dtype. Statistics are float32 or wider.
    """
    return _GRN.apply(x, gamma, beta, eps)


class _GRN(torch.autograd.Function):
    """Autograd would walk over the 4C-wide rows nine times in the backward; this takes five.

    With s = 1 + gamma * N the output is ``x * s + beta``, and the rows meet the statistics in one
    sum alone, ``dot = sum_t(grad * x)``. Everything else is arithmetic on ``(N, C)``.
    """

    @staticmethod
    def forward(ctx, x, gamma, beta, eps):
        scale, norm, mean = forward(x, gamma, eps)
        ctx.save_for_backward(x, gamma, norm, mean)
        ctx.beta_dtype = beta.dtype
        return torch.addcmul(beta.to(x.dtype), x, scale.to(x.dtype).unsqueeze(1))

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, gamma, norm, mean = ctx.saved_tensors
        dot = (widen(grad) * x).sum(1)
        scale, slope, grad_gamma = backward(dot, gamma, norm, mean)
        wants_x, _, wants_beta, _ = ctx.needs_input_grad
        grad_x = grad_beta = None
        if wants_x:
            grad_x = x * slope.to(x.dtype).unsqueeze(1)
            grad_x = grad_x.addcmul_(grad, scale.to(x.dtype).unsqueeze(1))
        if wants_beta:
            grad_beta = widen(grad).sum((0, 1)).to(ctx.beta_dtype)
        return grad_x, grad_gamma, grad_beta, None
