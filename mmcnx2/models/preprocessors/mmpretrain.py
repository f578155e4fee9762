"""Pre-training's and classification's data preprocessors for any number of channels."""

from mmpretrain.models.utils import data_preprocessor as mmpretrain

from mmcnx2.models.preprocessors.many_channels import ManyChannels
from mmcnx2.registry import MODELS


@MODELS.register_module()
class SelfSupDataPreprocessor(ManyChannels, mmpretrain.SelfSupDataPreprocessor):
    """mmpretrain's of that name; see :class:`ManyChannels` for arguments and errors."""


@MODELS.register_module()
class ClsDataPreprocessor(ManyChannels, mmpretrain.ClsDataPreprocessor):
    """mmpretrain's of that name; see :class:`ManyChannels` for arguments and errors."""
