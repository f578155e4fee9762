"""Every site of every image: ``(N, H, W, C)``, no mask."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcnx2.nn.layouts.base import Layout
from mmcnx2.nn.ops.grn import grn, grn_linear
from mmcnx2.nn.ops.precision import wide_dtype


class DenseLayout(Layout):
    """Whole maps, channels last in shape and in memory. It has nothing to plan."""

    @classmethod
    def plan(
        cls, visible: Tensor | None, strides: Sequence[int], device: torch.device
    ) -> list['DenseLayout']:
        """Return one layout a stage; see :meth:`Layout.plan`.

        Args:
            visible: None or all True: this layout hides nothing.
            strides: Pixels between the sites of each stage.
            device: Unused: there is nothing to index.

        Raises:
            ValueError: A patch is hidden.
        """
        if visible is not None and not bool(visible.all()):
            raise ValueError(
                f'layout="dense" cannot hide patches, but visible hides '
                f'{int((~visible).sum())} of {visible.numel()}: '
                'build the backbone with layout="packed" or "masked".'
            )
        return [cls() for _ in strides]

    def embed(self, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _convolve(images, weight, bias, stride=weight.shape[-1])

    def downsample(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _convolve(x.permute(0, 3, 1, 2), weight, bias, stride=weight.shape[-1])

    def depthwise_conv(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return _convolve(
            x.permute(0, 3, 1, 2), weight, bias, padding=weight.shape[-1] // 2, groups=len(weight)
        )

    def spatial_norm(self, x: Tensor) -> Tensor:
        return l2_norm(x, dim=(1, 2))

    def spatial_sum(self, x: Tensor) -> Tensor:
        return wide_sum(x, dim=(1, 2))

    def spatial_max(self, x: Tensor) -> Tensor:
        return x.amax((1, 2))

    def count_sites(self, x: Tensor) -> Tensor:
        return count(x, x.shape[1] * x.shape[2])

    def grn(self, x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
        return grn(x.flatten(1, 2), gamma, beta, eps).view_as(x)

    def gelu_grn_linear(
        self, x: Tensor, gamma: Tensor, beta: Tensor, eps: float, linear: nn.Linear
    ) -> Tensor:
        rows = F.gelu(x).flatten(1, 2)
        rows = grn_linear(rows, gamma, beta, eps, linear.weight, linear.bias)
        return rows.unflatten(1, x.shape[1:3])

    def per_image(self, value: Tensor) -> Tensor:
        return value[:, None, None]

    def to_maps(self, x: Tensor) -> Tensor:
        return x.permute(0, 3, 1, 2)


def l2_norm(x: Tensor, *, dim: int | tuple[int, ...]) -> Tensor:
    """L2 norm over ``dim``, accumulated in float32 or wider whatever ``x`` is stored in.

    float16 squares overflow beyond 255 (ConvNeXt-V2#66).
    """
    return torch.linalg.vector_norm(x, dim=dim, dtype=wide_dtype(x))


def wide_sum(x: Tensor, *, dim: int | tuple[int, ...]) -> Tensor:
    """Sum over ``dim``, accumulated and returned in float32 or wider."""
    return x.sum(dim, dtype=wide_dtype(x))


def count(x: Tensor, sites: int) -> Tensor:
    """Return ``sites``, the same in every image, as :meth:`Layout.count_sites` does."""
    return torch.full((1, 1), float(sites), device=x.device)


def _convolve(maps: Tensor, weight: Tensor, bias: Tensor | None, **options) -> Tensor:
    """Convolve ``(N, C_in, H, W)`` and return ``(N, H', W', C_out)``."""
    return F.conv2d(maps, weight, bias, **options).permute(0, 2, 3, 1)
