"""The definition: what every faster depthwise convolution is tested against."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcnx2.nn.ops.depthwise_conv.windows import Windows


def depthwise_conv(x: Tensor, weight: Tensor, bias: Tensor | None, windows: Windows) -> Tensor:
    """Convolve each channel with its own kernel; what is hidden or outside counts as zero.

    Args:
        x: ``(N, ..., C)``, rows of sites in memory order.
        weight: ``(C, 1, k, k)``, k odd.
        bias: ``(C,)`` or None.
        windows: Where the rows lie, planned for them and for radius ``k // 2``.

    Returns:
        The shape of ``x``.
    """
    groups = x.reshape(-1, windows.group_rows, x.shape[-1])
    source, r = windows.source.long(), windows.radius
    # A row of zeros behind the others is where -1 points to.
    maps = F.pad(groups, (0, 0, 0, 1))[:, source].flatten(0, 1).permute(0, 3, 1, 2)
    out = F.conv2d(maps, weight, bias, groups=len(weight)).permute(0, 2, 3, 1)
    own = source[:, r : source.shape[1] - r, r : source.shape[2] - r].flatten()
    out = out.reshape(len(groups), len(own), -1)[:, own >= 0]
    return torch.zeros_like(groups).index_copy(1, own[own >= 0], out).view(x.shape)
