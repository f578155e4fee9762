"""OpenMMLab's view of :mod:`mmcnx2.nn`: what configs build by name.

Importing this registers it and lets mmengine load any dialect into it.
"""

from mmcnx2.archs import ARCHS
from mmcnx2.models import loading
from mmcnx2.models.backbone import ConvNeXtV2
from mmcnx2.models.classifier import ImageClassifier
from mmcnx2.models.fcmae import FCMAE, Reconstruction
from mmcnx2.models.label_smooth_loss import LabelSmoothLoss
from mmcnx2.models.preprocessors import ClsDataPreprocessor, SelfSupDataPreprocessor
from mmcnx2.nn.decoder import FCMAEDecoder
from mmcnx2.nn.masking import RandomMasking
from mmcnx2.nn.pretrain_head import FCMAEPretrainHead
from mmcnx2.registry import MODELS

for part in (FCMAEDecoder, FCMAEPretrainHead, RandomMasking):
    MODELS.register_module(module=part)

__all__ = [
    'ARCHS',
    'ClsDataPreprocessor',
    'ConvNeXtV2',
    'FCMAE',
    'FCMAEDecoder',
    'FCMAEPretrainHead',
    'ImageClassifier',
    'LabelSmoothLoss',
    'RandomMasking',
    'Reconstruction',
    'SelfSupDataPreprocessor',
]

loading.install()
