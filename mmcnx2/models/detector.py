"""mmdet's detector, one key of which is enough for another size or number of classes."""

from mmdet.models.detectors import MaskRCNN as _MaskRCNN

from mmcnx2.models.references import WithReferences
from mmcnx2.registry import MODELS


@MODELS.register_module()
class MaskRCNN(WithReferences, _MaskRCNN):
    """mmdet's ``MaskRCNN``: a backbone, an FPN, heads for boxes and for masks."""
