"""Schedules that end with the run, whatever its length."""

import mmengine.optim
import pytest
import torch
from mmengine.registry import PARAM_SCHEDULERS
from torch import nn

from mmcnx2.engine.optimizers import CosineAnnealingLR, MultiStepLR, PolyLR, schedules


@pytest.fixture
def optimizer():
    return torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)


@pytest.fixture
def said(monkeypatch) -> list[str]:
    """What is logged."""
    lines = []
    monkeypatch.setattr(schedules, 'print_log', lambda line, **_: lines.append(line))
    return lines


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


@pytest.mark.parametrize(
    ('kind', 'options', 'as_before'),
    [
        (MultiStepLR, dict(milestones=[2 / 9, 5]), dict(milestones=[2, 5])),
        (CosineAnnealingLR, dict(begin=2), dict(begin=2, T_max=7)),
        (PolyLR, dict(begin=2, eta_min=0.1), dict(begin=2, eta_min=0.1)),
    ],
)
def test_states_are_mmengines_so_that_runs_from_before_go_on(optimizer, kind, options, as_before):
    theirs = getattr(mmengine.optim, kind.__name__)(optimizer, end=9, **as_before)
    states = [each.state_dict() for each in (kind(optimizer, end=9, **options), theirs)]
    ours, theirs = ({k: v for k, v in state.items() if not callable(v)} for state in states)
    assert ours == theirs


def test_milestones_are_of_both_kinds(optimizer):
    scheduler = MultiStepLR(optimizer, milestones=[2, 5 / 9], gamma=0.5, end=9)
    assert rates(optimizer, scheduler, 7) == [1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]


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


def test_a_schedule_may_begin_at_a_share_of_the_length(optimizer):
    scheduler = CosineAnnealingLR(optimizer, begin=0.5, end=6)
    assert scheduler.begin == 3
    assert rates(optimizer, scheduler, 5) == pytest.approx([1.0, 1.0, 1.0, 1.0, 0.75])
    cfg = dict(type='mmcnx2.PolyLR', begin=0.5, end=5, convert_to_iter_based=True)
    scheduler = PARAM_SCHEDULERS.build(cfg, default_args=dict(optimizer=optimizer, epoch_length=10))
    assert (scheduler.begin, scheduler.end) == (20, 50), 'a share is rounded to whole epochs'
    with pytest.raises(
        ValueError, match=r'begin=\[0.5\] has a share of the length, but there is no'
    ):
        CosineAnnealingLR(optimizer, begin=0.5)


@pytest.mark.parametrize('kind', [CosineAnnealingLR, PolyLR])
@pytest.mark.parametrize('end', [2, 5])
def test_a_run_that_is_over_before_it_begins_keeps_its_rate(optimizer, kind, end, said):
    """The first epochs of a warm-up, as in a trial of the whole path."""
    scheduler = kind(optimizer, begin=5, end=end)
    assert rates(optimizer, scheduler, end) == [1.0] * end
    (line,) = said
    assert f'would begin at epoch 5, where the run is over ({end})' in line


def test_it_says_where_it_is(optimizer, said):
    CosineAnnealingLR(optimizer, begin=5, end=90, by_epoch=False)
    MultiStepLR(optimizer, milestones=[0.5], end=10)
    assert said == [
        'CosineAnnealingLR: from step 5 to 90.',
        'MultiStepLR: from epoch 0 to 10, drops at [5].',
    ]
