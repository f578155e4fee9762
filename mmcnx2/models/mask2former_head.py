"""mmdet's head of Mask2Former, which a number of classes is enough for."""

from mmdet.models.dense_heads import Mask2FormerHead as _Mask2FormerHead

from mmcnx2.models.no_object import WithNoObject
from mmcnx2.registry import MODELS


@MODELS.register_module()
class Mask2FormerHead(WithNoObject, _Mask2FormerHead):
    """mmdet's head of that name; see :class:`.WithNoObject` for its weights of classes."""
