"""Labels are smoothed as mmpretrain does."""

import pytest
import torch
from mmpretrain.models.losses import LabelSmoothLoss as Theirs

from mmcnx2.models import LabelSmoothLoss


@pytest.mark.parametrize(
    'labels', [[0, 3, 6], [[0], [3], [6]], [[0.2, 0.8, 0, 0, 0, 0, 0]] * 3], ids=str
)
def test_the_loss_is_mmpretrains(labels):
    scores = torch.randn(3, 7, generator=torch.Generator().manual_seed(0))
    ours, theirs = (
        kind(0.1, num_classes=7)(scores, torch.tensor(labels)) for kind in (LabelSmoothLoss, Theirs)
    )
    assert ours.equal(theirs)
