"""Batches that hold nothing, or one image where batch norm needs more."""

import pytest
from torch import nn

from mmcnx2.datasets.preflight.batches import check_batches
from mmcnx2.datasets.preflight.findings import Findings

ENDLESS, ONCE = (dict(type=name) for name in ('InfiniteSampler', 'DefaultSampler'))


def pooled(norm: type[nn.Module] = nn.BatchNorm2d) -> nn.Module:
    """Batch norm behind a pooling to one value an image, as in UPerNet's pyramid."""
    behind = nn.Sequential(nn.Conv2d(4, 4, 1), norm(4))
    return nn.ModuleDict(dict(psp=nn.Sequential(nn.AdaptiveAvgPool2d(1), behind)))


def check(images: int, *, model=None, processes: int = 1, name: str = 'train', **loader):
    findings = Findings(name, images=images)
    check_batches(findings, loader, model=model, processes=processes)
    return findings


@pytest.mark.parametrize('name', ['train', 'val'])
def test_no_image_is_an_error(name):
    assert f'{name}: 0 images are left' in check(0, name=name).errors[0]


def test_no_whole_batch_is_an_error_where_the_rest_is_dropped():
    (error,) = check(7, batch_size=4, processes=2, drop_last=True, sampler=ONCE).errors or [None]
    assert error is None
    (error,) = check(7, batch_size=5, processes=2, drop_last=True, sampler=ONCE).errors
    assert '7 images do not fill a batch of 5 in 2 processes' in error
    assert check(7, batch_size=5, processes=2, sampler=ONCE).errors == []
    assert check(3, batch_size=5, drop_last=True, sampler=ENDLESS).errors == []


@pytest.mark.parametrize('norm', [nn.BatchNorm2d, nn.SyncBatchNorm])
def test_a_batch_of_one_is_refused_by_a_norm_that_sees_one_value_an_image(norm):
    (error,) = check(9, model=pooled(norm), batch_size=1, sampler=ENDLESS).errors
    assert '1 image is a batch (batch_size=1), and batch norm cannot normalize its one' in error
    assert '(psp.1.1): set train_dataloader.batch_size=2 or more' in error


def test_synchronized_norms_count_the_batches_of_all_processes():
    options = dict(batch_size=1, processes=2, sampler=ENDLESS)
    assert check(9, model=pooled(nn.SyncBatchNorm), **options).errors == []
    assert check(9, model=pooled(), **options).errors


def test_the_last_batch_counts_as_well():
    (error,) = check(9, model=pooled(), batch_size=4, sampler=ONCE).errors
    assert 'the last of 9 images in batches of 4' in error and 'or drop_last=True' in error
    assert check(9, model=pooled(), batch_size=4, sampler=ONCE, drop_last=True).errors == []
    assert check(9, model=pooled(), batch_size=4, sampler=ENDLESS).errors == []
    assert check(10, model=pooled(), batch_size=4, sampler=ONCE).errors == []
    (error,) = check(17, model=pooled(), batch_size=4, processes=2, sampler=ONCE).errors
    assert 'the last of 9 images' in error


def test_norms_over_maps_are_a_warning_and_frozen_ones_nothing():
    model = nn.Sequential(nn.Conv2d(4, 4, 1), nn.BatchNorm2d(4))
    findings = check(9, model=model, batch_size=1, sampler=ONCE)
    assert findings.errors == [] and 'normalizes it by itself alone' in findings.warnings[0]
    for parameter in model.parameters():
        parameter.requires_grad = False
    assert check(9, model=model, batch_size=1, sampler=ONCE).warnings == []


def test_one_dimensional_norms_see_one_value_an_image():
    assert check(9, model=nn.Sequential(nn.BatchNorm1d(4)), batch_size=1, sampler=ONCE).errors


def test_validation_normalizes_nothing():
    assert check(9, model=pooled(), batch_size=1, name='val').errors == []
