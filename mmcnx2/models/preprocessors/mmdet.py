"""Detection's data preprocessor for any number of channels."""

from mmdet.models import data_preprocessors as mmdet

from mmcnx2.models.preprocessors.many_channels import ManyChannels
from mmcnx2.registry import MODELS


@MODELS.register_module()
class DetDataPreprocessor(ManyChannels, mmdet.DetDataPreprocessor):
    """mmdet's of that name; see :class:`ManyChannels` for arguments and errors."""
