"""Rows of a MinkowskiEngine sparse tensor, ``(P, C)``: the official code's own back end.

Optional, and only a reference: it shows that the other layouts give what the official
implementation computes. It needs a compiler to install (docs/minkowski.md) and torch alone beside.
"""

from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType

import torch
from torch import Tensor
from torch.func import functional_call

from mmcnx2.compat.minkowski_collections import alias_collections
from mmcnx2.nn.layouts.base import Layout
from mmcnx2.nn.ops.precision import wide_dtype, widen
from mmcnx2.nn.patches import upsample


def _import_engine() -> ModuleType:
    if not alias_collections():
        raise ImportError(
            'layout="minkowski" needs MinkowskiEngine, which is not installed: build it with '
            'tools/build_minkowski.sh, or use layout="packed", which gives the same numbers.'
        )
    import MinkowskiEngine

    return MinkowskiEngine


ME = _import_engine()


class MinkowskiLayout(Layout):
    """The sites of one stage, in whichever order MinkowskiEngine keeps them.

    Coordinates are ``(image, row, column)``, in sites of the finest stage. Images may show
    different numbers of patches, or none, as long as one patch in the batch is visible.

    Args:
        manager: The coordinate manager of this forward, shared by its stages.
        key: This stage's coordinates in ``manager``.
        finer: The previous stage, None for the first.
        shape: ``(N, H, W)``, images and this stage's sites down and across.
        spacing: Finest sites between neighboring sites of this stage.
    """

    def __init__(
        self,
        manager: 'ME.CoordinateManager',
        key: 'ME.CoordinateMapKey',
        finer: 'MinkowskiLayout | None',
        shape: tuple[int, int, int],
        spacing: int,
    ):
        self.manager = manager
        self.key = key
        self.finer = finer
        self.shape = shape
        image, row, column = manager.get_coordinates(key).long().unbind(1)
        self.sites = image, row // spacing, column // spacing

    @classmethod
    @torch._disable_dynamo  # as torch.compiler.disable, which would import the compiler at once
    def plan(
        cls, visible: Tensor, strides: Sequence[int], device: torch.device, *, ops: str = 'torch'
    ) -> list['MinkowskiLayout']:
        """Register the visible sites of every stage; see :meth:`Layout.plan`. Kernels are its own.

        Raises:
            ValueError: No patch of any image is visible.
        """
        if not visible.any():
            raise ValueError(
                f'layout="minkowski" needs a visible patch, but visible hides all '
                f'{visible.numel()}: show at least one.'
            )
        n, h, w = visible.shape
        side = strides[-1] // strides[0]
        finest = upsample(visible.to(device), side)
        on_gpu = finest.is_cuda
        manager = ME.CoordinateManager(
            D=2,
            coordinate_map_type=ME.CoordinateMapType.CUDA if on_gpu else ME.CoordinateMapType.CPU,
        )
        key, _ = manager.insert_and_map(finest.nonzero().int().contiguous(), 1)

        layouts = [cls(manager, key, None, (n, h * side, w * side), 1)]
        for previous, stride in pairwise(strides):
            key = manager.stride(key, stride // previous)
            side = strides[-1] // stride
            shape = (n, h * side, w * side)
            layouts.append(cls(manager, key, layouts[-1], shape, stride // strides[0]))
        return layouts

    def embed(self, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        # As in the official code, the stem is dense and the visible sites are picked from its maps.
        maps = torch.nn.functional.conv2d(images, weight, bias, stride=weight.shape[-1])
        return self.from_maps(maps)

    def downsample(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        c_out, c_in, k, _ = weight.shape
        kernel = weight.permute(3, 2, 1, 0).reshape(k * k, c_in, c_out)
        with _untouched_rng():
            conv = ME.MinkowskiConvolution(
                c_in, c_out, kernel_size=k, stride=k, bias=bias is not None, dimension=2
            )
        return self._call(conv, self.finer.key, x, kernel, bias)

    def depthwise_conv(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        channels, _, k, _ = weight.shape
        kernel = weight.permute(3, 2, 1, 0).reshape(k * k, channels)
        with _untouched_rng():
            conv = _depthwise_class(x)(channels, kernel_size=k, bias=bias is not None, dimension=2)
        return self._call(conv, self.key, x, kernel, bias)

    def spatial_norm(self, x: Tensor) -> Tensor:
        squares = widen(x).square()
        total = squares.new_zeros(self.shape[0], x.shape[1]).index_add(0, self.sites[0], squares)
        # The root's slope at 0 is infinite; like a vector norm, this one's is taken as 0.
        positive = total > 0
        return total.where(positive, 1).sqrt().where(positive, 0)

    def num_images(self, x: Tensor) -> int:
        return self.shape[0]

    def per_image(self, value: Tensor) -> Tensor:
        return value if len(value) == 1 else value.index_select(0, self.sites[0])

    def to_maps(self, x: Tensor) -> Tensor:
        maps = x.new_zeros(*self.shape, x.shape[1])
        return maps.index_put(self.sites, x).permute(0, 3, 1, 2)

    def finer_to_maps(self, x: Tensor) -> Tensor:
        return self.finer.to_maps(x)

    def from_maps(self, maps: Tensor) -> Tensor:
        return maps.permute(0, 2, 3, 1)[self.sites]

    def _call(
        self,
        conv: torch.nn.Module,
        key: 'ME.CoordinateMapKey',
        x: Tensor,
        kernel: Tensor,
        bias: Tensor | None,
    ) -> Tensor:
        """Run a MinkowskiEngine module with weights of ours in place of its own.

        Args:
            conv: The module.
            key: Coordinates of ``x``; the output has this stage's.
            x: ``(P_in, C_in)``.
            kernel: In MinkowskiEngine's shape; its first axis runs over the window **column by
                column**.
            bias: ``(C_out,)`` or None.
        """
        # MinkowskiEngine computes in float32 and float64 only, and autocast does not know it.
        dtype = wide_dtype(x)
        weights = {'kernel': kernel.to(dtype).contiguous()}
        if bias is not None:
            weights['bias'] = bias.to(dtype)[None]
        sparse = ME.SparseTensor(
            x.to(dtype), coordinate_map_key=key, coordinate_manager=self.manager
        )
        return functional_call(conv, weights, (sparse, self.key)).F.to(x.dtype)


def _depthwise_class(x: Tensor) -> type[torch.nn.Module]:
    """The fork of ConvNeXt V2's authors has a fast module for GPUs; elsewhere use the stock one."""
    if x.is_cuda and hasattr(ME, 'MinkowskiDepthwiseConvolution'):
        return ME.MinkowskiDepthwiseConvolution
    return ME.MinkowskiChannelwiseConvolution


def _untouched_rng():
    """Keep the random numbers of training: a module draws weights that ours replace at once."""
    return torch.random.fork_rng(devices=[])
