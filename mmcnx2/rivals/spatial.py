"""What the rivals ask of space and GRN does not: sums, means and maxima over visible sites.

They go through maps of whole images, in every layout alike: slower than they might be, and exact.
"""

import torch
from torch import Tensor

from mmcnx2.nn.layouts import Layout
from mmcnx2.nn.ops.precision import widen


def spatial_sum(x: Tensor, layout: Layout) -> Tensor:
    """Return each image's sum over its visible sites, ``(N, C)``, float32 or wider."""
    return layout.to_maps(widen(x)).sum((2, 3))


def count_sites(x: Tensor, layout: Layout) -> Tensor:
    """Return each image's number of visible sites, ``(N, 1)``, float32 or wider."""
    return spatial_sum(torch.ones_like(x[..., :1]), layout)


def spatial_mean(x: Tensor, layout: Layout) -> Tensor:
    """Return each image's mean over its visible sites, ``(N, C)``, float32 or wider."""
    return spatial_sum(x, layout) / count_sites(x, layout).clamp_min(1)


def spatial_max(x: Tensor, layout: Layout) -> Tensor:
    """Return each image's maximum over its visible sites, ``(N, C)``, 0 where there is none."""
    seen = layout.to_maps(torch.ones_like(x[..., :1])) > 0
    largest = torch.where(seen, layout.to_maps(x), -torch.inf).amax((2, 3))
    return largest.masked_fill(largest == -torch.inf, 0)
