"""GRN and the linear layer behind it as one operation: GRN's output is never made.

GRN multiplies each channel of an image by one number and adds beta. Both go into the layer's
weights: ``W (x * s + beta) + b = (W * s) x + (W beta + b)``, with one ``W * s`` an image. Going
back, ``grad_y^T x`` of an image, which the weight gradient needs anyway, holds all that GRN's
statistics need. So of the passes over the 4C-wide rows only the sum of squares remains forward and
one multiply-add backward, and their scaled copy is not kept.
"""

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from mmcnx2.nn.ops.grn import statistics
from mmcnx2.nn.ops.precision import follow_autocast, widen


def grn_linear(
    x: Tensor, gamma: Tensor, beta: Tensor, eps: float, weight: Tensor, bias: Tensor
) -> Tensor:
    """Return ``linear(grn(x))``.

    Args:
        x: ``(N, T, C_in)``, the sites of N images.
        gamma: ``(C_in,)``.
        beta: ``(C_in,)``.
        eps: Added to the mean norm.
        weight: ``(C_out, C_in)``.
        bias: ``(C_out,)``.

    Returns:
        ``(N, T, C_out)``, in autocast's dtype under autocast and x's otherwise.
    """
    return _GRNLinear.apply(follow_autocast(x), gamma, beta, eps, weight, bias)


class _GRNLinear(torch.autograd.Function):
    """Products are in x's dtype; the weights, and what is computed of them, keep their own."""

    @staticmethod
    def forward(ctx, x, gamma, beta, eps, weight, bias):
        scale, norm, mean = statistics.forward(x, gamma, eps)
        ctx.save_for_backward(x, gamma, beta, norm, mean, weight)
        constant = torch.addmv(bias, weight, beta.to(weight.dtype)).to(x.dtype)
        return torch.baddbmm(constant, x, _scaled(weight, scale, x.dtype).transpose(1, 2))

    @staticmethod
    @once_differentiable
    def backward(ctx, grad):
        x, gamma, beta, norm, mean, weight = ctx.saved_tensors
        products = torch.bmm(grad.transpose(1, 2), x).to(weight.dtype)  # (N, C_out, C_in)
        dot = (products * weight).sum(1)
        scale, slope, grad_gamma = statistics.backward(dot, gamma, norm, mean)
        wants_x, _, wants_beta, _, wants_weight, wants_bias = ctx.needs_input_grad
        grad_x = grad_beta = grad_weight = grad_bias = None
        if wants_x:
            grad_x = torch.bmm(grad, _scaled(weight, scale, x.dtype))
            grad_x = grad_x.addcmul_(x, slope.to(x.dtype).unsqueeze(1))
        if wants_beta or wants_weight or wants_bias:
            grad_bias = widen(grad).sum((0, 1)).to(weight.dtype)
        if wants_beta:
            grad_beta = (grad_bias @ weight).to(beta.dtype)
        if wants_weight:
            grad_weight = (products * scale.to(weight.dtype).unsqueeze(1)).sum(0)
            grad_weight = grad_weight.addr_(grad_bias, beta.to(weight.dtype))
        return grad_x, grad_gamma, grad_beta, None, grad_weight, grad_bias


def _scaled(weight, scale, dtype):
    """Return each image's weights, ``(N, C_out, C_in)``."""
    return (weight * scale.to(weight.dtype).unsqueeze(1)).to(dtype)
