"""mmdet's detectors, one key of which is enough for another size or number of classes."""

from mmdet.models import detectors
from mmdet.models.dense_heads.rtmdet_ins_head import RTMDetInsHead
from mmdet.structures import DetDataSample
from torch import Tensor

from mmcnx2.models.references import WithReferences
from mmcnx2.registry import MODELS


@MODELS.register_module()
class MaskRCNN(WithReferences, detectors.MaskRCNN):
    """mmdet's ``MaskRCNN``: a backbone, an FPN, heads for boxes and for masks."""


@MODELS.register_module()
class CascadeRCNN(WithReferences, detectors.CascadeRCNN):
    """mmdet's ``CascadeRCNN``: as Mask R-CNN, with three heads that refine the boxes in turn."""


@MODELS.register_module()
class RTMDet(WithReferences, detectors.RTMDet):
    """mmdet's ``RTMDet``: one stage; of RTMDet-Ins, whose head predicts masks, too."""

    def loss(self, batch_inputs: Tensor, batch_data_samples: list[DetDataSample]) -> dict:
        """Compute the losses as mmdet does; a head for boxes alone is not shown any masks.

        mmdet takes their centers for those of the boxes then, and fails on masks of images.
        """
        if not isinstance(self.bbox_head, RTMDetInsHead):
            for sample in batch_data_samples:
                sample.gt_instances.pop('masks', None)
        return super().loss(batch_inputs, batch_data_samples)


@MODELS.register_module()
class DINO(WithReferences, detectors.DINO):
    """mmdet's ``DINO``: queries that a transformer turns into boxes."""


@MODELS.register_module()
class Mask2Former(WithReferences, detectors.Mask2Former):
    """mmdet's ``Mask2Former``: queries that a transformer turns into masks."""
