"""The method, in torch alone: ConvNeXt V2, dense or under a mask, and FCMAE from images to loss."""

from mmcnx2.nn.convnextv2 import ARCHS, ConvNeXtV2
from mmcnx2.nn.decoder import FCMAEDecoder
from mmcnx2.nn.masking import RandomMasking

__all__ = ['ARCHS', 'ConvNeXtV2', 'FCMAEDecoder', 'RandomMasking']
