"""Plain torch on every device: gather the windows and let torch's own convolution run over them."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcnx2.nn.ops.depthwise_conv.windows import Windows
from mmcnx2.nn.ops.precision import follow_autocast


def depthwise_conv(x: Tensor, weight: Tensor, bias: Tensor | None, windows: Windows) -> Tensor:
    """Convolve each channel of packed rows; see :func:`.naive.depthwise_conv`.

    Args:
        x: ``(N, T, C)`` rows of visible sites.
        weight: ``(C, 1, k, k)``, k odd.
        bias: ``(C,)`` or None.
        windows: Windows of blocks or images, planned for this mask, this stage and radius ``k //
            2``.

    Returns:
        ``(N, T, C)``, in autocast's dtype under autocast and x's otherwise.
    """
    x, weight = follow_autocast(x), follow_autocast(weight)
    bias = None if bias is None else follow_autocast(bias)
    rows = _GatheredConv.apply(x.flatten(0, 1), weight, bias, windows.source, windows.order)
    return rows.view_as(x)


class _GatheredConv(torch.autograd.Function):
    """Keeps the packed rows for the backward, not the windows, which are up to thrice as large.

    The input's gradient is the same convolution of the output's gradient with the kernel turned by
    180 degrees: a site and its neighbor trade places. So it runs the forward's fast path.
    """

    @staticmethod
    def forward(ctx, rows, weight, bias, source, order):
        ctx.save_for_backward(rows, weight, source, order)
        ctx.has_bias = bias is not None
        return _convolve(rows, weight, bias, source, order)

    @staticmethod
    def backward(ctx, grad):
        rows, weight, source, order = ctx.saved_tensors
        wants_rows, wants_weight, wants_bias, *_ = ctx.needs_input_grad
        grad_rows = grad_weight = grad_bias = None
        if wants_rows:
            grad_rows = _convolve(grad, weight.flip(2, 3), None, source, order)
        if wants_weight:
            grad_weight = _gradient_of_weight(rows, grad, weight, source, order)
        if wants_bias and ctx.has_bias:
            grad_bias = grad.sum(0)
        return grad_rows, grad_weight, grad_bias, None, None


def _convolve(rows, weight, bias, source, order):
    out = F.conv2d(_gather(rows, source), weight, bias, groups=len(weight))
    out = out.permute(0, 2, 3, 1).reshape(-1, rows.shape[1])
    return out if order is None else out.index_select(0, order)


def _gradient_of_weight(rows, grad, weight, source, order):
    radius = weight.shape[-1] // 2
    inner = source[:, radius : source.shape[1] - radius, radius : source.shape[2] - radius]
    if order is None:
        grad = grad.view(*inner.shape, -1).permute(0, 3, 1, 2)
    else:
        grad = _gather(grad, inner)
    return torch.ops.aten.convolution_backward(
        grad,
        _gather(rows, source),
        weight,
        bias_sizes=None,
        stride=[1, 1],
        padding=[0, 0],
        dilation=[1, 1],
        transposed=False,
        output_padding=[0, 0],
        groups=len(weight),
        output_mask=[False, True, False],
    )[1]


def _gather(rows, source):
    """Lay rows ``(R, C)`` out as maps ``(W, C, height, width)``, channels last in memory."""
    extended = torch.cat([rows, rows.new_zeros(1, rows.shape[1])])
    index = torch.where(source < 0, len(rows), source).flatten()
    return extended.index_select(0, index).view(*source.shape, -1).permute(0, 3, 1, 2)
