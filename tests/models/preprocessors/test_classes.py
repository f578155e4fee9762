"""Labels and mixed images are mmpretrain's, to the bit; a label that is no class is refused."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from mmpretrain.models import ClsDataPreprocessor as Theirs
from mmpretrain.structures import DataSample

from mmcnx2.models import ClsDataPreprocessor

MIXED = dict(
    augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)], probs=[0.4, 0.5]
)


def batch(labels) -> dict:
    images = torch.randint(256, (4, 3, 8, 8), generator=torch.Generator().manual_seed(0))
    samples = [DataSample().set_gt_label(label) for label in labels]
    return dict(inputs=images.byte(), data_samples=samples)


def prepare(kind, labels, batch_augments=None, **options) -> list[torch.Tensor]:
    preprocessor = kind(
        mean=[1.0] * 3,
        std=[2.0] * 3,
        num_classes=5,
        batch_augments=deepcopy(batch_augments),
        **options,
    )
    np.random.seed(0)
    torch.manual_seed(0)
    found = []
    for _ in range(8):  # both augmentations and none
        given = preprocessor(batch(labels), training=True)
        found.append(given['inputs'])
        for sample in given['data_samples']:
            found += [sample.gt_label, sample.get('gt_score', torch.zeros(0))]
    return found


@pytest.mark.parametrize('labels', [[0, 4, 2, 1], [[0], [1, 4], [2], [3, 0]]], ids=['one', 'many'])
@pytest.mark.parametrize(
    'options', [{}, dict(to_onehot=True), dict(batch_augments=MIXED)], ids=['', 'scores', 'mixed']
)
def test_what_comes_out_is_mmpretrains(labels, options):
    ours, theirs = (prepare(kind, labels, **options) for kind in (ClsDataPreprocessor, Theirs))
    assert len(ours) == len(theirs)
    assert all(a.equal(b) and a.dtype == b.dtype for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize('label', [5, -1])
def test_a_label_that_is_no_class_is_refused_on_the_host(label):
    with pytest.raises(ValueError, match=f'the label {label}, but num_classes=5 leaves 0 to 4'):
        prepare(ClsDataPreprocessor, [0, label, 1, 2])
