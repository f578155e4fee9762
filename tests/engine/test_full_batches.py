"""Batches that the images do not fill are said, and an epoch without a step is refused."""

import pytest

from mmcnx2.engine.full_batches import check_batches
from tests.support.tiny_run import build, log_of


def checked(tmp_path, *, drop_last: bool = False, sampler: str = 'DefaultSampler', **options):
    """Check a run of five images, and return it with what watches it."""
    runner, watch = build(tmp_path, images=5, **options)
    runner._train_dataloader.update(drop_last=drop_last, sampler=dict(type=sampler))
    check_batches(runner)
    return runner, watch


def test_a_batch_larger_than_the_data_set_is_said(tmp_path):
    runner, watch = checked(tmp_path, batch_size=8)
    assert '5 images do not fill a batch of 8: each sees 5, at the rate' in log_of(runner)
    runner.train()
    assert [len(step) for step in watch.images] == [5]


def test_an_epoch_without_a_step_is_refused(tmp_path):
    with pytest.raises(SystemExit, match='error: 5 images .* of 8, .* set train_dataloader.drop_'):
        checked(tmp_path, batch_size=8, drop_last=True)


@pytest.mark.parametrize('drop_last', [True, False])
def test_full_batches_say_nothing(drop_last, tmp_path):
    runner, _ = checked(tmp_path, batch_size=5, drop_last=drop_last)
    assert 'do not fill' not in log_of(runner)


@pytest.mark.parametrize('drop_last', [True, False])
def test_an_endless_sampler_fills_any_batch(drop_last, tmp_path):
    loop = dict(train_cfg=dict(by_epoch=False, max_iters=2), param_scheduler=None)
    runner, watch = checked(
        tmp_path, batch_size=8, drop_last=drop_last, sampler='InfiniteSampler', **loop
    )
    runner.train()
    assert [len(step) for step in watch.images] == [8, 8]
    assert 'do not fill' not in log_of(runner)
