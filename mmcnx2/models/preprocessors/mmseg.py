"""Segmentation's data preprocessor for any number of channels."""

from mmseg.models import data_preprocessor as mmseg

from mmcnx2.models.preprocessors.many_channels import ManyChannels
from mmcnx2.registry import MODELS


@MODELS.register_module()
class SegDataPreProcessor(ManyChannels, mmseg.SegDataPreProcessor):
    """mmseg's of that name; see :class:`ManyChannels` for arguments and errors."""
