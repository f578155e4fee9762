"""The table through which fast kernels read neighbours, in packed blocks and in whole maps."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mmcnx2.nn.ops.depthwise_conv.frames import Frames


@dataclass(frozen=True)
class Windows:
    """For each site of each block: which row holds which neighbour, and which neighbours exist.

    Rows ``(R, C)`` hold the sites of N images, ``R / N`` rows each. They are cut into square
    blocks; a window is a block with a halo as wide as the kernel's radius. A packed block is a
    visible patch; a whole map is cut into tiles, equal in every image, so one image's table serves
    all.

    Attributes:
        source: Int32 ``(W, b + 2 r, b + 2 r)``: the row at each site of each window, counted from
            the first row that the window's group may read; -1 where there is none, or it is hidden.
        radius: r, the kernel's radius in sites.
        group_rows: Rows that one pass over the table serves: all of them for packed blocks, one
            image's for maps.
    """

    source: Tensor
    radius: int
    group_rows: int

    @classmethod
    def of_blocks(cls, patches: Tensor, grid: tuple[int, int, int], side: int, radius: int):
        """Windows of visible patches; arguments as for :meth:`Frames.plan`."""
        count = patches.numel() * side * side
        rows = Frames.rows(patches, grid, side)
        source = Frames.windows(rows, patches, radius).source
        return cls(torch.where(source < count, source, -1).int(), radius, count)

    @classmethod
    def of_map(cls, height: int, width: int, radius: int, device: torch.device):
        """Windows of a whole map, any size, whose rows run over y, then x.

        Args:
            height: Sites down.
            width: Sites across.
            radius: The kernel's radius in sites.
            device: Of the table.
        """
        side = tile_side(height, width)
        down, across = -(-height // side), -(-width // side)
        rows = torch.arange(height * width, device=device, dtype=torch.int32).view(height, width)
        halo = (
            radius,
            radius + across * side - width,
            radius,
            radius + down * side - height,
        )
        padded = torch.nn.functional.pad(rows, halo, value=-1)
        span = side + 2 * radius
        windows = padded.unfold(0, span, side).unfold(1, span, side)
        return cls(windows.flatten(0, 1).contiguous(), radius, height * width)

    @property
    def side(self) -> int:
        """Sites along one side of a block."""
        return self.source.shape[-1] - 2 * self.radius


def tile_side(height: int, width: int) -> int:
    """Return the side of square tiles that waste least of a map: 7 or 8.

    Seven divides the maps of 224 px, eight those of most others.
    """

    def covered(side):
        return -(-height // side) * -(-width // side) * side * side

    return min((8, 7), key=covered)
