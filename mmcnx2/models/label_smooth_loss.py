"""Cross entropy with smoothed labels, whose labels the host does not read."""

import torch.nn.functional as F
from mmpretrain.models.losses import LabelSmoothLoss as _LabelSmoothLoss
from torch import Tensor

from mmcnx2.registry import MODELS


@MODELS.register_module()
class LabelSmoothLoss(_LabelSmoothLoss):
    """mmpretrain's of that name, which asks the device for the largest label in every step.

    ``mmcnx2.ClsDataPreprocessor`` has looked at the labels before they went there.
    """

    def generate_one_hot_like_label(self, label: Tensor) -> Tensor:
        """Return scores, float ``(N, classes)``, of labels ``(N,)``, ``(N, 1)`` or of scores."""
        if label.dim() == 1 or label.shape[1] == 1:
            label = F.one_hot(label.long().view(-1), self.num_classes)
        return label.float()
