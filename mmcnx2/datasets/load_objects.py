"""Objects of detection: boxes and labels, and masks where the data have them."""

from mmcv.transforms import BaseTransform
from mmdet.datasets.transforms import LoadAnnotations

from mmcnx2.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadObjects(BaseTransform):
    """mmdet's ``LoadAnnotations`` with boxes, and with masks if the data set says that it has them.

    So one pipeline serves data with masks and data of boxes alone. Required key: ``with_masks``,
    which :class:`.coco_format.CocoFormatDataset` gives; without it, boxes alone are loaded. The
    others and the added ones are those of ``LoadAnnotations``.
    """

    def __init__(self):
        self._boxes = LoadAnnotations(with_bbox=True)
        self._boxes_and_masks = LoadAnnotations(with_bbox=True, with_mask=True)

    def transform(self, results: dict) -> dict:
        """Add the objects. See the class for the keys."""
        load = self._boxes_and_masks if results.get('with_masks') else self._boxes
        return load(results)
