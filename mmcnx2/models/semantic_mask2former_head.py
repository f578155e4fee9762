"""mmseg's head of Mask2Former, which a number of classes is enough for. It needs mmdet, too."""

from mmseg.models.decode_heads import Mask2FormerHead

from mmcnx2.models.no_object import WithNoObject
from mmcnx2.registry import MODELS


@MODELS.register_module()
class SemanticMask2FormerHead(WithNoObject, Mask2FormerHead):
    """mmseg's ``Mask2FormerHead``; see :class:`.WithNoObject` for its weights of classes."""
