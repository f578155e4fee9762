"""Multiply-adds of a ConvNeXt V2, which the paper's tables call FLOPs."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from mmcnx2.models.convnextv2 import ConvNeXtV2


def multiply_adds(
    arch: str | dict,
    size: int | tuple[int, int],
    *,
    num_classes: int = 0,
    in_channels: int = 3,
    stem_patch_size: int = 4,
) -> int:
    """Count the multiplications of convolutions and linear layers for one image.

    Nothing is computed: the network lives on the 'meta' device.

    Args:
        arch: As for :class:`ConvNeXtV2`.
        size: Height and width in pixels, or both in one number.
        num_classes: Of a linear head on averaged features, 0 for none.
        in_channels: Channels of the image.
        stem_patch_size: Kernel and stride of the stem in pixels.

    Raises:
        ValueError: The stride does not divide the size.
    """
    height, width = (size, size) if isinstance(size, int) else size
    with torch.device('meta'), torch.no_grad(), FlopCounterMode(display=False) as counter:
        net = ConvNeXtV2(
            arch, in_channels=in_channels, stem_patch_size=stem_patch_size, final_norm=False
        )
        net(torch.empty(1, in_channels, height, width))
    return counter.get_total_flops() // 2 + num_classes * net.channels[-1]
