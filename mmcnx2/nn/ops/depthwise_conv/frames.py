"""Where the packed rows lie in space: the indices that a depthwise convolution reads through."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Frames:
    """Small images, cut so that convolving them convolves every packed row.

    A packed tensor ``(N, T * b * b, C)`` holds, for each of T visible patches in row-major order,
    a block of b x b sites in row-major order. Two ways to lay the rows out for a convolution:

    - *windows*: one frame a block, with a halo as wide as the kernel's radius around it. A valid
      convolution then yields the packed rows as they are and hidden blocks cost nothing. The halo
      is read again for each block, which pays as long as it is narrower than a block.
    - *canvas*: one frame an image, hidden sites zero. For small blocks, where halos would repeat
      each row many times.

    Attributes:
        source: Int64 ``(M, h, w)``, the packed row at each site of each of M frames. The number
            one past the last row stands for a site that is hidden or outside the image.
        target: Int64 ``(N * T * b * b,)``, the site in the frames' output at which each packed
            row lies, or None where the output is the packed rows in order.
        padding: Zeros that the convolution adds around a frame, in sites.
    """

    source: Tensor
    target: Tensor | None
    padding: int

    @classmethod
    def windows(cls, rows: Tensor, patches: Tensor, radius: int) -> 'Frames':
        """One frame a visible block.

        Args:
            rows: Int64 ``(N, h, w, b, b)``, the packed row at each site of each block.
            patches: Int64 ``(N * T,)``, indices of the visible blocks over ``N * h * w``.
            radius: The kernel's radius in sites.
        """
        side = rows.shape[-1]
        padded = torch.nn.functional.pad(_grid(rows), [radius] * 4, value=patches.numel() * side**2)
        span = side + 2 * radius
        windows = padded.unfold(1, span, side).unfold(2, span, side).flatten(0, 2)
        return cls(windows.index_select(0, patches), target=None, padding=0)

    @classmethod
    def canvas(cls, rows: Tensor, patches: Tensor, radius: int) -> 'Frames':
        """One frame an image; arguments as for :meth:`windows`."""
        n, h, w, side, _ = rows.shape
        sites = torch.arange(rows.numel(), device=rows.device).view(n, h, side, w, side)
        blocks = sites.transpose(2, 3).reshape(n * h * w, side * side)
        return cls(_grid(rows), blocks.index_select(0, patches).flatten(), padding=radius)

    @classmethod
    def plan(cls, patches: Tensor, grid: tuple[int, int, int], side: int, radius: int) -> 'Frames':
        """Choose between windows and a canvas by the width of the halo.

        Args:
            patches: Int64 ``(N * T,)``, indices of the visible patches over ``N * h * w``.
            grid: ``(N, h, w)``, images and patches down and across.
            side: Sites along one side of a patch at this stage.
            radius: The kernel's radius in sites.
        """
        lay_out = cls.windows if side > radius else cls.canvas
        return lay_out(cls.rows(patches, grid, side), patches, radius)

    @staticmethod
    def rows(patches: Tensor, grid: tuple[int, int, int], side: int) -> Tensor:
        """Return the packed row at each site of each patch, one past the last where it is hidden.

        Arguments as for :meth:`plan`.

        Returns:
            Int64 ``(N, h, w, side, side)``.
        """
        count = patches.numel() * side * side
        rows = patches.new_full((grid[0] * grid[1] * grid[2], side, side), count)
        packed = torch.arange(count, device=patches.device).view(-1, side, side)
        return rows.index_copy(0, patches, packed).view(*grid, side, side)


def _grid(rows: Tensor) -> Tensor:
    """Lay blocks ``(N, h, w, b, b)`` out as one map an image, ``(N, h * b, w * b)``."""
    n, h, w, side, _ = rows.shape
    return rows.transpose(2, 3).reshape(n, h * side, w * side)
