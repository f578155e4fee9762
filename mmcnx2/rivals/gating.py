"""Feature gating in GRN's place (paper Table 2e)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcnx2.nn.after_gelu import AfterGELU
from mmcnx2.nn.layouts import Layout
from mmcnx2.nn.response import register_response
from mmcnx2.rivals.spatial import spatial_max, spatial_mean

REDUCTION = 16
"""Both papers' default, and what makes base, 89M parameters, one of 109M as Table 2e prints."""


@register_response('se')
class SE(AfterGELU, nn.Module):
    """Squeeze-and-excitation (Hu et al. 2018): scale each channel by what an MLP makes of means.

    Args:
        channels: C.
        reduction: Reduction of the MLP's hidden layer, in whole channels.
    """

    def __init__(self, channels: int, *, reduction: int = REDUCTION):
        super().__init__()
        self.fc1 = nn.Linear(channels, max(1, channels // reduction))
        self.fc2 = nn.Linear(max(1, channels // reduction), channels)

    def after_gelu(self, x: Tensor, layout: Layout) -> Tensor:
        x = F.gelu(x)
        gate = self.excite(spatial_mean(x, layout)).sigmoid()
        return x * layout.per_image(gate).to(x.dtype)

    def excite(self, squeezed: Tensor) -> Tensor:
        """Apply the MLP to one number a channel, ``(N, C)``."""
        return self.fc2(F.relu(self.fc1(squeezed.to(self.fc1.weight.dtype))))


@register_response('cbam')
class CBAM(SE):
    """Convolutional block attention (Woo et al. 2018): gate channels, then sites.

    Channels by the same MLP of means and of maxima; sites by a 7x7 convolution over the mean and
    the maximum over channels, in which hidden sites count as zero. As in that paper's equations,
    without the batch norm of its code.

    Args:
        channels: C.
        reduction: Reduction of the MLP's hidden layer, in whole channels.
    """

    def __init__(self, channels: int, *, reduction: int = REDUCTION):
        super().__init__(channels, reduction=reduction)
        self.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def after_gelu(self, x: Tensor, layout: Layout) -> Tensor:
        x = F.gelu(x)
        gate = self.excite(spatial_mean(x, layout)) + self.excite(spatial_max(x, layout))
        x = x * layout.per_image(gate.sigmoid()).to(x.dtype)
        pooled = torch.stack((x.mean(-1), x.amax(-1)), dim=-1)
        # A convolution of two channels to one is a depthwise one, which layouts have, and a sum.
        kernel = self.conv.weight.transpose(0, 1)
        heat = layout.depthwise_conv(pooled, kernel, None).sum(-1, keepdim=True)
        return x * heat.sigmoid().to(x.dtype)
