"""G(X) of GRN and its rivals: from a channel's map to one number (paper eq. 1, Table 2a)."""

from collections.abc import Callable

from torch import Tensor

from mmcnx2.nn.layouts import Layout
from mmcnx2.rivals.spatial import spatial_mean, spatial_sum


def l2(x: Tensor, layout: Layout) -> Tensor:
    """Return ``||X_i||_2`` over the visible sites, ``(N, C)``: the paper's choice."""
    return layout.spatial_norm(x)


def l1(x: Tensor, layout: Layout) -> Tensor:
    """Return ``||X_i||_1`` over the visible sites, ``(N, C)``."""
    return spatial_sum(x.abs(), layout)


def average(x: Tensor, layout: Layout) -> Tensor:
    """Return the mean of X_i over the visible sites, ``(N, C)``: global average pooling.

    It may be negative, as may be the mean over channels that it is then divided by.
    """
    return spatial_mean(x, layout)


AGGREGATIONS: dict[str, Callable[[Tensor, Layout], Tensor]] = {
    'l2': l2,
    'l1': l1,
    'average': average,
}
