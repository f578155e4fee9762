"""The definition in plain torch, for every device."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcnx2.nn.ops.depthwise_conv.frames import Frames


def packed_depthwise_conv(
    x: Tensor, weight: Tensor, bias: Tensor | None, frames: Frames
) -> Tensor:
    """Convolve each channel of the visible sites; hidden neighbours count as zero.

    Args:
        x: ``(N, T, C)`` rows of visible sites.
        weight: ``(C, 1, k, k)``, k odd.
        bias: ``(C,)`` or None.
        frames: Where the rows lie, planned for this mask, this stage and radius ``k // 2``.

    Returns:
        ``(N, T, C)``, in autocast's dtype under autocast and x's otherwise.
    """
    device = x.device.type
    if torch.is_autocast_enabled(device):
        dtype = torch.get_autocast_dtype(device)
        x, weight = x.to(dtype), weight.to(dtype)
        bias = None if bias is None else bias.to(dtype)
    rows = _PackedDepthwiseConv.apply(
        x.flatten(0, 1), weight, bias, frames.source, frames.target, frames.padding
    )
    return rows.view_as(x)


class _PackedDepthwiseConv(torch.autograd.Function):
    """Keeps the packed rows for the backward, not the frames, which are up to three times as large.

    The input's gradient is the same convolution of the output's gradient with the kernel turned by
    180 degrees: a site and its neighbour trade places. So it runs the forward's fast path.
    """

    @staticmethod
    def forward(ctx, rows, weight, bias, source, target, padding):
        ctx.save_for_backward(rows, weight, source, target)
        ctx.padding, ctx.has_bias = padding, bias is not None
        return _convolve(rows, weight, bias, source, target, padding)

    @staticmethod
    def backward(ctx, grad):
        rows, weight, source, target = ctx.saved_tensors
        wants_rows, wants_weight, wants_bias, *_ = ctx.needs_input_grad
        grad_rows = grad_weight = grad_bias = None
        if wants_rows:
            turned = weight.flip(2, 3)
            grad_rows = _convolve(grad, turned, None, source, target, ctx.padding)
        if wants_weight:
            grad_weight = _convolved_gradient(rows, grad, weight, source, target, ctx.padding)
        if wants_bias and ctx.has_bias:
            grad_bias = grad.sum(0)
        return grad_rows, grad_weight, grad_bias, None, None, None


def _convolve(rows, weight, bias, source, target, padding):
    out = F.conv2d(_spread(rows, source), weight, bias, padding=padding, groups=len(weight))
    out = out.permute(0, 2, 3, 1).reshape(-1, rows.shape[1])
    return out if target is None else out.index_select(0, target)


def _convolved_gradient(rows, grad, weight, source, target, padding):
    if target is None:
        side = source.shape[1] - 2 * (weight.shape[-1] // 2)
        grad = grad.view(len(source), side, side, -1).permute(0, 3, 1, 2)
    else:
        grad = _spread(grad, source)
    return torch.ops.aten.convolution_backward(
        grad,
        _spread(rows, source),
        weight,
        bias_sizes=None,
        stride=[1, 1],
        padding=[padding, padding],
        dilation=[1, 1],
        transposed=False,
        output_padding=[0, 0],
        groups=len(weight),
        output_mask=[False, True, False],
    )[1]


def _spread(rows, source):
    """Lay rows ``(R, C)`` out as frames ``(M, C, h, w)``, channels last in memory."""
    extended = torch.cat([rows, rows.new_zeros(1, rows.shape[1])])
    frames = extended.index_select(0, source.flatten())
    return frames.view(*source.shape, rows.shape[1]).permute(0, 3, 1, 2)
