"""Depthwise convolution over the visible sites of an image, nothing else stored."""

from mmcnx2.ops.packed_depthwise_conv.frames import Frames
from mmcnx2.ops.packed_depthwise_conv.reference import packed_depthwise_conv

__all__ = ['Frames', 'packed_depthwise_conv']
