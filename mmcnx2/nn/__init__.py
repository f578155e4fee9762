"""The method, in torch alone: ConvNeXt V2, dense or under a mask, and FCMAE from images to loss."""

from mmcnx2.archs import ARCHS
from mmcnx2.nn.convnextv2 import ConvNeXtV2
from mmcnx2.nn.decoder import FCMAEDecoder
from mmcnx2.nn.fcmae import FCMAE
from mmcnx2.nn.masking import RandomMasking
from mmcnx2.nn.pretrain_head import FCMAEPretrainHead

__all__ = [
    'ARCHS',
    'ConvNeXtV2',
    'FCMAE',
    'FCMAEDecoder',
    'FCMAEPretrainHead',
    'RandomMasking',
]
