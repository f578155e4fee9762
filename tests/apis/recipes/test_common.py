"""What a training decides by the number and size of its images, and by what it is told."""

import pytest
from mmengine.config import Config

from mmcnx2.apis.recipes.common import (
    decide_common,
    needs_sharding,
    set_precision,
    short_sides,
    usual_length,
    usual_size,
)
from tests.support.pictures import photograph

RULE = dict(least_steps=4000, few=100, many=800)
CFG = Config(
    dict(
        train_dataloader=dict(batch_size=64),
        optim_wrapper=dict(optimizer=dict(lr=1e-3)),
        auto_scale_lr=dict(base_batch_size=128),
    )
)


@pytest.mark.parametrize(
    ('images', 'epochs'),
    [
        (64, 800),  # 1 step an epoch
        (320, 800),  # 5 steps
        (640, 400),  # 10 steps make 4000
        (2560, 100),  # 40 steps
        (10**6, 100),
        (10, 800),  # less than a batch
    ],
)
def test_small_data_sets_are_seen_more_often(images, epochs):
    assert usual_length(images, 64, **RULE)['epochs'] == epochs


@pytest.mark.parametrize(
    ('sides', 'size'),
    [([500, 600, 700], 224), ([128] * 3, 128), ([100, 130, 900], 128), ([20] * 3, 64)],
)
def test_images_are_not_enlarged_and_the_stride_divides_them(sides, size):
    assert usual_size(sides, largest=224) == size


def test_short_sides_come_from_headers_and_what_is_none_is_passed_over(tmp_path):
    photograph(40, 90).save(tmp_path / 'a.png')
    (tmp_path / 'b.png').write_text('none')
    assert short_sides([str(tmp_path / name) for name in ('a.png', 'b.png')]) == [40]


@pytest.mark.parametrize(
    ('given', 'batch', 'rate'),
    [
        (dict(), 64, 5e-4),
        (dict(batch_size=32), 32, 2.5e-4),
        (dict(batch_size=32, gpus=4), 32, 1e-3),
        (dict(lr=0.1), 64, 0.1),
    ],
)
def test_the_rate_grows_with_the_images_a_step(given, batch, rate):
    decided = decide_common({**given, 'device': 'cpu'}, CFG, images=1000)
    assert decided['batch_size'] == batch
    assert decided['lr'] == pytest.approx(rate)
    assert decided['precision'] == 'fp32' and decided['backbone'] == dict(arch='atto')


def test_a_batch_holds_no_more_than_there_is():
    assert decide_common(dict(device='cpu'), CFG, images=10)['batch_size'] == 10


@pytest.mark.parametrize(('gigabytes', 'shared'), [(8, True), (16, True), (24, False), (80, False)])
def test_several_gpus_share_out_what_one_cannot_hold(gigabytes, shared):
    """Huge has 657 million parameters: 10.5 GB of weights, gradients and averages."""
    assert needs_sharding(dict(arch='huge'), gigabytes * 10**9) is shared
    assert not needs_sharding(dict(arch='atto'), gigabytes * 10**9)


@pytest.mark.parametrize(
    ('precision', 'wrapper'),
    [
        ('fp32', dict(type='OptimWrapper')),
        ('bf16', dict(type='AmpOptimWrapper', dtype='bfloat16', loss_scale=dict(enabled=False))),
        ('fp16', dict(type='AmpOptimWrapper', dtype='float16', loss_scale='dynamic')),
    ],
)
def test_one_word_sets_the_precision(precision, wrapper):
    before = dict(type='AmpOptimWrapper', dtype='float16', loss_scale='dynamic')
    cfg = Config(dict(optim_wrapper=before))
    set_precision(cfg, precision)
    assert cfg.optim_wrapper == wrapper
