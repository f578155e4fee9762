"""What the fast depthwise convolutions share: one operation of torch, whoever computes it.

Compilers see an operation with known shapes and never look inside.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from mmcnx2.nn.ops.depthwise_conv.windows import Windows
from mmcnx2.nn.ops.precision import follow_autocast, wide_dtype

Operation = Callable[[Tensor, Tensor, Tensor | None, Windows], Tensor]


def build_operation(
    name: str,
    convolve: Callable[[Tensor, Tensor, Tensor | None, Tensor, int], Tensor],
    gradient_of_taps: Callable[[Tensor, Tensor, Tensor, int, int], Tensor],
) -> Operation:
    """Register a depthwise convolution with its gradients.

    Args:
        name: Name of the operation in ``torch.ops.mmcnx2``.
        convolve: From rows ``(R, C)``, taps ``(k * k, C)``, bias ``(C,)`` or None, and
            ``Windows.source`` and ``Windows.group_rows``, returns ``(R, C)`` in the rows' dtype.
            Rows and taps are contiguous.
        gradient_of_taps: From the output's gradient and the rows, both contiguous ``(R, C)``,
            source, group_rows and k, returns ``(k * k, C)`` in float32 or wider.

    Returns:
        Convolves each channel with its own kernel; what is hidden or outside counts as zero. From
        ``(N, ..., C)`` rows of sites in memory order, weight ``(C, 1, k, k)``, k odd, bias ``(C,)``
        or None, and windows planned for these rows and radius ``k // 2``, it returns the shape of
        x, in autocast's dtype under autocast and x's otherwise. Float16, bfloat16, float32 or
        float64; sums are float32 or wider.
    """

    @torch.library.custom_op(f'mmcnx2::{name}', mutates_args=())
    def forward(
        rows: Tensor, weight: Tensor, bias: Tensor | None, source: Tensor, group_rows: int
    ) -> Tensor:
        return convolve(rows.contiguous(), _taps(weight), bias, source, group_rows)

    @forward.register_fake
    def _(rows, weight, bias, source, group_rows):
        return torch.empty_like(rows, memory_format=torch.contiguous_format)

    @torch.library.custom_op(f'mmcnx2::{name}_backward_rows', mutates_args=())
    def backward_rows(grad: Tensor, weight: Tensor, source: Tensor, group_rows: int) -> Tensor:
        """Return the gradient of the rows.

        It is the same convolution with the kernel turned by 180 degrees: a site and its neighbor
        trade places.
        """
        return convolve(grad.contiguous(), _taps(weight).flip(0), None, source, group_rows)

    @backward_rows.register_fake
    def _(grad, weight, source, group_rows):
        return torch.empty_like(grad, memory_format=torch.contiguous_format)

    @torch.library.custom_op(f'mmcnx2::{name}_backward_weight', mutates_args=())
    def backward_weight(
        grad: Tensor, rows: Tensor, weight: Tensor, source: Tensor, group_rows: int
    ) -> Tensor:
        """Return the gradient of the weight."""
        size = weight.shape[-1]
        taps = gradient_of_taps(grad.contiguous(), rows.contiguous(), source, group_rows, size)
        return taps.t().reshape(weight.shape).to(weight.dtype).contiguous()

    @backward_weight.register_fake
    def _(grad, rows, weight, source, group_rows):
        return torch.empty_like(weight, memory_format=torch.contiguous_format)

    def save(ctx, inputs, output):
        rows, weight, bias, source, group_rows = inputs
        ctx.save_for_backward(rows, weight, source)
        ctx.group_rows = group_rows
        ctx.bias_dtype = None if bias is None else bias.dtype

    def differentiate(ctx, grad):
        rows, weight, source = ctx.saved_tensors
        wants_rows, wants_weight, wants_bias, *_ = ctx.needs_input_grad
        grad_rows = grad_weight = grad_bias = None
        if wants_rows:
            grad_rows = backward_rows(grad, weight, source, ctx.group_rows)
        if wants_weight:
            grad_weight = backward_weight(grad, rows, weight, source, ctx.group_rows)
        if wants_bias and ctx.bias_dtype is not None:
            grad_bias = grad.sum(0, dtype=wide_dtype(grad)).to(ctx.bias_dtype)
        return grad_rows, grad_weight, grad_bias, None, None

    forward.register_autograd(differentiate, setup_context=save)

    def depthwise_conv(x: Tensor, weight: Tensor, bias: Tensor | None, windows: Windows) -> Tensor:
        x = follow_autocast(x)
        rows = x.reshape(-1, x.shape[-1])
        return forward(rows, weight, bias, windows.source, windows.group_rows).view(x.shape)

    return depthwise_conv


def _taps(weight: Tensor) -> Tensor:
    """Weights as ``(k * k, C)``, so that a kernel reads its channels side by side."""
    return weight.flatten(1).t().contiguous()
