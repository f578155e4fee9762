"""Schedules that end with the run, whatever its length."""

import pytest
import torch
from mmengine.optim import MultiStepLR as TheirMultiStepLR
from mmengine.registry import PARAM_SCHEDULERS
from torch import nn

from mmcnx2.engine.optimizers import CosineAnnealingLR, MultiStepLR, PolyLR


@pytest.fixture
def optimizer():
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)


def rates(optimizer, scheduler, steps: int) -> list[float]:
    optimizer.step()
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]['lr'])
        scheduler.step()
    return found


@pytest.mark.parametrize(('end', 'drops'), [(36, {27, 33}), (72, {54, 66}), (12, {9, 11})])
def test_shares_of_the_length_scale_with_it(optimizer, end, drops):
    scheduler = MultiStepLR(optimizer, milestones=[27 / 36, 33 / 36], end=end)
    assert set(scheduler.milestones) == drops


def test_whole_milestones_are_mmengines(optimizer):
    ours = MultiStepLR(optimizer, milestones=[2, 5], gamma=0.5, end=9)
    theirs = TheirMultiStepLR(optimizer, milestones=[2, 5], gamma=0.5, end=9)
    a, b = (
        {k: v for k, v in each.state_dict().items() if not callable(v)} for each in (ours, theirs)
    )
    assert a == b
    assert rates(optimizer, ours, 7) == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]


def test_shares_count_from_the_beginning_of_the_schedule_as_milestones_do(optimizer):
    scheduler = MultiStepLR(optimizer, milestones=[0.5], begin=2, end=6)
    assert rates(optimizer, scheduler, 6) == [1.0, 1.0, 1.0, 1.0, 0.1, 0.1]


def test_in_steps_they_are_whole_epochs(optimizer):
    cfg = dict(type='mmcnx2.MultiStepLR', milestones=[0.5], end=5, convert_to_iter_based=True)
    scheduler = PARAM_SCHEDULERS.build(cfg, default_args=dict(optimizer=optimizer, epoch_length=10))
    assert set(scheduler.milestones) == {20} and scheduler.end == 50


@pytest.mark.parametrize(
    ('milestones', 'sentence'),
    [
        ([-1], 'whole number from 0 or a share'),
        ([1.5], 'whole number from 0 or a share'),
        ([0.5], 'has a share of the length, but there is no end'),
    ],
)
def test_a_wrong_milestone_is_refused(optimizer, milestones, sentence):
    with pytest.raises(ValueError, match=sentence):
        MultiStepLR(optimizer, milestones=milestones)


@pytest.mark.parametrize('kind', [CosineAnnealingLR, PolyLR])
@pytest.mark.parametrize('end', [2, 5])
def test_a_run_that_is_over_before_it_begins_keeps_its_rate(optimizer, kind, end, capsys):
    """The first epochs of a warm-up, as in a trial of the whole path."""
    scheduler = kind(optimizer, begin=5, end=end)
    assert rates(optimizer, scheduler, end) == [1.0] * end
    assert f'would begin at epoch 5, where the run is over ({end})' in capsys.readouterr().err


def test_it_says_where_it_is(optimizer, capsys):
    CosineAnnealingLR(optimizer, begin=5, end=90, by_epoch=False)
    MultiStepLR(optimizer, milestones=[0.5], end=10)
    said = capsys.readouterr().err
    assert 'CosineAnnealingLR: from step 5 to 90.' in said
    assert 'MultiStepLR: from epoch 0 to 10, drops at [5].' in said
