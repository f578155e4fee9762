"""7x7 depthwise convolution of visible sites or whole maps, channels last.

``naive`` is the definition. ``gathered`` is plain torch, ``listed_numba`` compiles for a CPU and
``tiled_triton`` for CUDA. Which of them computes is decided here and nowhere else.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

from mmcnx2.nn.ops.depthwise_conv.gathered import depthwise_conv as gathered
from mmcnx2.nn.ops.depthwise_conv.windows import Windows

__all__ = ['OnBlocks', 'Windows', 'on_blocks', 'on_maps']


@dataclass(frozen=True)
class OnBlocks:
    """The convolution of one stage's packed rows.

    Attributes:
        operation: From rows ``(N, T, C)``, weight ``(C, 1, k, k)``, bias ``(C,)`` or None, and
            windows to ``(N, T, C)``.
        windows: Where the rows lie.
    """

    operation: Callable[[Tensor, Tensor, Tensor | None, Windows], Tensor]
    windows: Windows

    def __call__(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self.operation(x, weight, bias, self.windows)


def on_blocks(
    patches: Tensor, grid: tuple[int, int, int], side: int, radius: int, ops: str
) -> OnBlocks:
    """Plan the convolution of packed rows.

    Args:
        patches: Int64 ``(N * T,)``, indices of the visible patches over ``N * h * w``.
        grid: ``(N, h, w)``, images and patches down and across.
        side: Sites along one side of a patch at this stage.
        radius: The kernel's radius in sites.
        ops: 'torch', 'triton' or 'numba'.
    """
    if ops == 'torch':
        # A window a block reads its halo again, which pays as long as it is narrower than a block.
        plan = Windows.of_blocks if side > radius else Windows.of_images
        return OnBlocks(gathered, plan(patches, grid, side, radius))
    if ops == 'numba':
        from mmcnx2.nn.ops.depthwise_conv.listed_numba import depthwise_conv
    else:
        from mmcnx2.nn.ops.depthwise_conv.tiled_triton import depthwise_conv
    return OnBlocks(depthwise_conv, Windows.of_blocks(patches, grid, side, radius))


def on_maps(ops: str) -> Callable[[Tensor, Tensor, Tensor | None], Tensor]:
    """Return the convolution of one stage's whole maps ``(N, H, W, C)``, with zeros outside.

    Args:
        ops: 'triton', or anything else for torch's own, which on a CPU is the fastest there is.
    """
    if ops == 'triton':
        from mmcnx2.nn.ops.depthwise_conv.tiled_triton import OnMaps

        return OnMaps()
    return _conv2d


def _conv2d(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    maps = x.permute(0, 3, 1, 2)
    out = F.conv2d(maps, weight, bias, padding=weight.shape[-1] // 2, groups=weight.shape[0])
    return out.permute(0, 2, 3, 1)
