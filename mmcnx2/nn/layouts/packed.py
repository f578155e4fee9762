"""Visible sites only, ``(N, T, C)``: the default in pre-training.

Masks come in whole patches of the encoder's total stride, so the stem and the downsamples stay
inside a block and are plain matrix products; only the depthwise convolution looks at neighbors.
Every image shows the same number of patches, so nothing is padded.
"""

from collections.abc import Sequence
from math import isqrt

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcnx2.nn.layouts.base import Layout
from mmcnx2.nn.masking import indices_of
from mmcnx2.nn.ops.depthwise_conv import on_blocks
from mmcnx2.nn.ops.pixels import Pixels, visible_windows
from mmcnx2.nn.ops.precision import l2_norm

KERNEL_RADIUS = 3
"""Radius in sites of ConvNeXt's 7x7 depthwise kernel (paper section 3.1)."""


class PackedLayout(Layout):
    """Rows of visible sites, patch by patch in row-major order, row-major inside a patch.

    Args:
        patches: Int64 ``(N * T,)``, indices of the visible patches over ``N * h * w``.
        grid: ``(N, h, w)``, images and patches down and across.
        side: Sites along one side of a patch at this stage.
        ops: Kernels: 'torch', 'triton' or 'numba'.
    """

    def __init__(self, patches: Tensor, grid: tuple[int, int, int], side: int, ops: str):
        self.patches = patches
        self.grid = grid
        self.side = side
        self.ops = ops
        self.convolve = on_blocks(patches, grid, side, KERNEL_RADIUS, ops)

    @classmethod
    @torch._disable_dynamo  # as torch.compiler.disable, which would import the compiler at once
    def plan(
        cls, visible: Tensor, strides: Sequence[int], device: torch.device, *, ops: str = 'torch'
    ) -> list['PackedLayout']:
        """Index the visible patches; see :meth:`Layout.plan`.

        Raises:
            ValueError: Images show different numbers of patches, or none.
        """
        visible = visible.cpu()
        counts = visible.flatten(1).sum(1)
        if len(counts) == 0 or counts.min() != counts.max() or counts.max() == 0:
            raise ValueError(
                f'layout="packed" needs the same number of visible patches in every image, at '
                f'least 1, but visible shows {counts.tolist()}: '
                'draw them with RandomMasking, or build the backbone with layout="masked".'
            )
        patches = indices_of(visible, device)
        sides = [strides[-1] // stride for stride in strides]
        return [cls(patches, tuple(visible.shape), side, ops) for side in sides]

    def embed(self, images: Tensor | Pixels, weight: Tensor, bias: Tensor | None) -> Tensor:
        windows = visible_windows(images, self.patches, self.side, weight.shape[-1], ops=self.ops)
        return F.linear(windows.unflatten(0, (self.grid[0], -1)), weight.flatten(1), bias)

    def downsample(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        k, side = weight.shape[-1], self.side
        windows = x.view(-1, side, k, side, k, x.shape[-1]).transpose(2, 3)
        kernel = weight.permute(0, 2, 3, 1).flatten(1)
        return F.linear(windows.reshape(self.grid[0], -1, kernel.shape[1]), kernel, bias)

    def depthwise_conv(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self.convolve(x, weight, bias)

    def spatial_norm(self, x: Tensor) -> Tensor:
        return l2_norm(x, dim=1)

    def per_image(self, value: Tensor) -> Tensor:
        return value[:, None]

    def rows(self, x: Tensor) -> Tensor:
        return x

    def to_maps(self, x: Tensor) -> Tensor:
        return self._to_maps(x, self.side)

    def finer_to_maps(self, x: Tensor) -> Tensor:
        return self._to_maps(x, isqrt(x.shape[0] * x.shape[1] // len(self.patches)))

    def from_maps(self, maps: Tensor) -> Tensor:
        n, h, w = self.grid
        blocks = maps.unflatten(3, (w, self.side)).unflatten(2, (h, self.side))
        blocks = blocks.permute(0, 2, 4, 3, 5, 1).reshape(n * h * w, -1)
        return blocks.index_select(0, self.patches).view(n, -1, maps.shape[1])

    def _to_maps(self, x: Tensor, side: int) -> Tensor:
        n, h, w = self.grid
        channels = x.shape[-1]
        blocks = x.new_zeros(n * h * w, side * side * channels)
        blocks = blocks.index_copy(0, self.patches, x.reshape(-1, blocks.shape[1]))
        maps = blocks.view(n, h, w, side, side, channels).permute(0, 5, 1, 3, 2, 4)
        return maps.reshape(n, channels, h * side, w * side)
