"""Batches of one size, for objects with masks and for boxes alone."""

from mmdet.models.data_preprocessors import BatchFixedSizePad
from torch import Tensor

from mmcnx2.registry import MODELS


@MODELS.register_module()
class FixedSizePad(BatchFixedSizePad):
    """mmdet's ``BatchFixedSizePad``, which pads the masks of the samples that have some.

    Args:
        size: Height and width in pixels; a batch that is larger in both stays as it is.
        img_pad_value: Value of the padded pixels, after they were normalized.
        mask_pad_value: Value of the padded pixels of masks.
    """

    def __init__(self, size: tuple[int, int], *, img_pad_value: int = 0, mask_pad_value: int = 0):
        super().__init__(size, img_pad_value=img_pad_value, mask_pad_value=mask_pad_value)

    def forward(self, inputs: Tensor, data_samples: list | None = None) -> tuple[Tensor, list]:
        """Pad images ``(N, C, H, W)`` and masks on the right and below.

        Returns:
            Images ``(N, C, *size)``, and the samples, changed in place.
        """
        padded, data_samples = super().forward(inputs, data_samples)
        if padded is inputs:
            return inputs, data_samples
        for sample in data_samples or ():
            if 'masks' in sample.gt_instances:
                masks = sample.gt_instances.masks
                sample.gt_instances.masks = masks.pad(self.size, pad_val=self.mask_pad_value)
        return padded, data_samples
