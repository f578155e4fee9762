"""The definition: normalize whole images, then cut out windows and patches."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmcnx2.nn.patches import patches_at


@dataclass(frozen=True)
class Pixels:
    """Images as they were read, and how they are normalized.

    Attributes:
        values: ``(N, C, H, W)``, uint8 or any other dtype.
        mean: Float32 ``(C,)``, of each channel.
        std: Float32 ``(C,)``, of each channel.
        turned: Whether the channels of ``values`` are in the opposite order of ``mean``.
    """

    values: Tensor
    mean: Tensor
    std: Tensor
    turned: bool = False

    @property
    def shape(self) -> torch.Size:
        return self.values.shape

    @property
    def device(self) -> torch.device:
        return self.values.device

    def __len__(self) -> int:
        return len(self.values)

    def normalized(self) -> Tensor:
        """Return float32 images ``(N, C, H, W)``, channels in the order of ``mean``."""
        values = self.values.flip(1) if self.turned else self.values
        return (values.float() - self.mean.view(-1, 1, 1)) / self.std.view(-1, 1, 1)


def windows(images: Tensor, patches: Tensor, side: int, kernel: int) -> Tensor:
    """Cut the windows of a convolution whose kernel is its stride out of patches.

    Args:
        images: ``(N, C, H, W)``, normalized; H and W are multiples of ``side * kernel``.
        patches: Int64 ``(P,)``, numbers of the patches over ``N * h * w``.
        side: Windows along one side of a patch.
        kernel: Pixels along one side of a window.

    Returns:
        ``(P * side * side, C * kernel * kernel)``, windows row by row in each patch; the last axis
        runs over channel, row, column.
    """
    n, c, height, width = images.shape
    size = side * kernel
    h, w = height // size, width // size
    blocks = images.view(n, c, h, size, w, size).permute(0, 2, 4, 1, 3, 5).flatten(0, 2)
    blocks = blocks.index_select(0, patches)
    cut = blocks.unflatten(3, (side, kernel)).unflatten(2, (side, kernel))
    return cut.permute(0, 2, 4, 1, 3, 5).reshape(-1, c * kernel * kernel)


def targets(images: Tensor, patches: Tensor, size: int, eps: float | None) -> Tensor:
    """Cut patches out of images, each normalized by its own mean and unbiased deviation.

    Args:
        images: ``(N, C, H, W)``, normalized.
        patches: Int64 ``(P,)``, numbers of the patches over ``N * h * w``.
        size: p, pixels along one side of a patch.
        eps: Added to a patch's variance; None leaves patches as they are.

    Returns:
        ``(P, p * p * C)``; the last axis runs over row, column, channel.
    """
    return standardize(patches_at(images, size, patches), eps)


def standardize(rows: Tensor, eps: float | None) -> Tensor:
    """Give each row mean 0 and unbiased variance 1, or leave it where ``eps`` is None."""
    if eps is None:
        return rows
    mean, variance = rows.mean(-1, keepdim=True), rows.var(-1, keepdim=True)
    return (rows - mean) / (variance + eps) ** 0.5
