"""Every site of every image: ``(N, H, W, C)``, no mask."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcnx2.nn.layouts.base import Layout
from mmcnx2.nn.ops.depthwise_conv import on_maps
from mmcnx2.nn.ops.precision import l2_norm


class DenseLayout(Layout):
    """Whole maps, channels last in shape and in memory.

    Args:
        ops: Kernels: 'torch' or 'triton'; others have nothing for whole maps and mean torch.
    """

    def __init__(self, ops: str = 'torch'):
        self.ops = ops
        self.convolve = on_maps(ops)

    @classmethod
    def plan(
        cls,
        visible: Tensor | None,
        strides: Sequence[int],
        device: torch.device,
        *,
        ops: str = 'torch',
    ) -> list['DenseLayout']:
        """Return one layout a stage; see :meth:`Layout.plan`.

        Args:
            visible: None or all True: this layout hides nothing.
            strides: Pixels between the sites of each stage.
            device: Unused: there is nothing to index.
            ops: Kernels.

        Raises:
            ValueError: A patch is hidden.
        """
        if visible is not None and not bool(visible.all()):
            raise ValueError(
                f'layout="dense" cannot hide patches, but visible hides '
                f'{int((~visible).sum())} of {visible.numel()}: '
                'build the backbone with layout="packed" or "masked".'
            )
        return [cls(ops) for _ in strides]

    def embed(self, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _convolve_patches(images, weight, bias)

    def downsample(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _convolve_patches(x.permute(0, 3, 1, 2), weight, bias)

    def depthwise_conv(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self.convolve(x, weight, bias)

    def spatial_norm(self, x: Tensor) -> Tensor:
        return l2_norm(x, dim=(1, 2))

    def per_image(self, value: Tensor) -> Tensor:
        return value[:, None, None]

    def rows(self, x: Tensor) -> Tensor | None:
        return x.flatten(1, 2)

    def to_maps(self, x: Tensor) -> Tensor:
        return x.permute(0, 3, 1, 2)

    def finer_to_maps(self, x: Tensor) -> Tensor:
        return x.permute(0, 3, 1, 2)

    def from_maps(self, maps: Tensor) -> Tensor:
        return maps.permute(0, 2, 3, 1)


def _convolve_patches(maps: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve ``(N, C_in, H, W)`` by strides of the kernel; return ``(N, H', W', C_out)``."""
    return F.conv2d(maps, weight, bias, stride=weight.shape[-1]).permute(0, 2, 3, 1)
