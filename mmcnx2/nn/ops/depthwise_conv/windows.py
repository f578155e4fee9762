"""The table through which every depthwise convolution reads neighbors."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Windows:
    """For each site of each window: which row holds which neighbor, and which neighbors exist.

    Rows ``(R, C)`` hold the sites of N images, ``R / N`` rows each. A window is a rectangle of
    sites with a halo as wide as the kernel's radius around it. It lies about a visible patch, about
    a whole image, or about a tile of a map. Tiles are equal in every image, so one image's table
    serves all.

    Attributes:
        source: Int32 ``(W, height + 2 r, width + 2 r)``: the row at each site of each window,
            counted from the first row that the window's group may read; -1 where there is none, or
            it is hidden.
        radius: r, the kernel's radius in sites.
        group_rows: Rows that one pass over the table serves: all of them for packed rows, one
            image's for maps.
        order: Int64 ``(R,)``, the site of the windows, without halos, at which each row lies; None
            where rows and sites come in the same order.
    """

    source: Tensor
    radius: int
    group_rows: int
    order: Tensor | None = None

    @classmethod
    def of_blocks(
        cls, patches: Tensor, grid: tuple[int, int, int], side: int, radius: int
    ) -> 'Windows':
        """One window a visible patch: hidden patches cost nothing.

        Args:
            patches: Int64 ``(N * T,)``, indices of the visible patches over ``N * h * w``.
            grid: ``(N, h, w)``, images and patches down and across.
            side: Sites along one side of a patch at this stage.
            radius: The kernel's radius in sites.
        """
        padded = F.pad(_packed_rows(patches, grid, side), [radius] * 4, value=-1)
        span = side + 2 * radius
        windows = padded.unfold(1, span, side).unfold(2, span, side).flatten(0, 2)
        return cls(windows.index_select(0, patches), radius, patches.numel() * side * side)

    @classmethod
    def of_images(
        cls, patches: Tensor, grid: tuple[int, int, int], side: int, radius: int
    ) -> 'Windows':
        """One window an image, hidden sites among the visible ones; see :meth:`of_blocks`.

        For blocks no wider than the radius, whose halos would repeat each row many times.
        """
        n, h, w = grid
        rows = _packed_rows(patches, grid, side)
        sites = torch.arange(rows.numel(), device=rows.device).view(n, h, side, w, side)
        order = sites.transpose(2, 3).reshape(-1, side * side).index_select(0, patches).flatten()
        return cls(F.pad(rows, [radius] * 4, value=-1), radius, len(order), order)

    @classmethod
    def of_map(cls, height: int, width: int, radius: int, device: torch.device) -> 'Windows':
        """Windows of a whole map, any size, whose rows run over y, then x.

        Args:
            height: Sites down.
            width: Sites across.
            radius: The kernel's radius in sites.
            device: Device of the table.
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
        padded = F.pad(rows, halo, value=-1)
        span = side + 2 * radius
        windows = padded.unfold(0, span, side).unfold(1, span, side)
        return cls(windows.flatten(0, 1).contiguous(), radius, height * width)

    @property
    def side(self) -> int:
        """Sites down a window, without its halo."""
        return self.source.shape[1] - 2 * self.radius


def tile_side(height: int, width: int) -> int:
    """Return the side of square tiles that waste least of a map: 7 or 8.

    Seven divides the maps of 224 px, eight those of most others.
    """

    def covered(side):
        return -(-height // side) * -(-width // side) * side * side

    return min((8, 7), key=covered)


def _packed_rows(patches: Tensor, grid: tuple[int, int, int], side: int) -> Tensor:
    """Return the packed row at each site of each image, int32 ``(N, H, W)``, -1 where hidden."""
    n, h, w = grid
    count = patches.numel() * side * side
    rows = torch.full((n * h * w, side, side), -1, dtype=torch.int32, device=patches.device)
    packed = torch.arange(count, dtype=torch.int32, device=patches.device).view(-1, side, side)
    rows = rows.index_copy(0, patches, packed).view(n, h, w, side, side)
    return rows.transpose(2, 3).reshape(n, h * side, w * side)
