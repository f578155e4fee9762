"""The toolboxes' data preprocessors for any number of channels.

Those of mmdet and mmseg are imported by the configs that need them, as their toolboxes are.
"""

from mmcnx2.models.preprocessors.many_channels import ManyChannels
from mmcnx2.models.preprocessors.mmpretrain import ClsDataPreprocessor, SelfSupDataPreprocessor

__all__ = ['ClsDataPreprocessor', 'ManyChannels', 'SelfSupDataPreprocessor']
