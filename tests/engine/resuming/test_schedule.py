"""A rebuilt schedule is equal to the bit to one that was there from the beginning."""

import random

import pytest
import torch
from mmengine.optim import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingMomentum,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    OptimWrapper,
    PolyLR,
    StepLR,
)
from mmengine.optim.scheduler import CosineRestartLR
from torch import nn

from mmcnx2.engine.resuming.schedule import Position, replay

STEPS = 7  # of an epoch
CHAINS = {
    'warm-up, then cosine': [
        (LinearLR, dict(start_factor=1e-9, end=10, by_epoch=False)),
        (CosineAnnealingLR, dict(begin=10, T_max=30, end=40, by_epoch=False)),
    ],
    'warm-up in steps, drops in epochs': [
        (LinearLR, dict(start_factor=1e-3, end=9, by_epoch=False)),
        (MultiStepLR, dict(milestones=[2, 4], end=6, by_epoch=True)),
    ],
    'all in epochs': [
        (ConstantLR, dict(factor=0.5, end=2)),
        (StepLR, dict(step_size=2)),
        (ExponentialLR, dict(gamma=0.9)),
    ],
    'a fall to zero': [(PolyLR, dict(power=1.0, eta_min=0.0, begin=5, end=41, by_epoch=False))],
    'restarts': [
        (CosineRestartLR, dict(periods=[10, 15, 20], restart_weights=[1, 0.5, 0.2], eta_min=0.0,
                               by_epoch=False)),
    ],
    'one cycle': [(OneCycleLR, dict(eta_max=0.1, total_steps=45, by_epoch=False))],
    'a ratio': [(CosineAnnealingLR, dict(eta_min_ratio=1e-3, T_max=50, end=50, by_epoch=False))],
    'rate and momentum': [
        (CosineAnnealingLR, dict(T_max=50, end=50, by_epoch=False)),
        (CosineAnnealingMomentum, dict(T_max=50, end=50, eta_min=0.5, by_epoch=False)),
    ],
    'nothing': [],
}  # fmt: skip


def build(chain: list, groups: int = 5):
    """Return an optimizer of parameters with some different rates, and its schedulers."""
    rates = [1e-3 * (1 + number % 2) for number in range(groups)]
    parameters = [dict(params=[nn.Parameter(torch.ones(2))], lr=rate) for rate in rates]
    wrapper = OptimWrapper(torch.optim.AdamW(parameters, lr=1e-3))
    schedulers = [kind(wrapper, **options) for kind, options in chain]
    wrapper._global_step = 0  # as behind its first step
    return wrapper, schedulers


def train(schedulers: list, steps: int) -> None:
    """Step schedulers as a run does, each step and each epoch."""
    for step in range(1, steps + 1):
        for scheduler in schedulers:
            if not scheduler.by_epoch:
                scheduler.step()
        if step % STEPS == 0:
            for scheduler in schedulers:
                if scheduler.by_epoch:
                    scheduler.step()


def plain(state: dict) -> dict:
    return {key: value for key, value in state.items() if not callable(value)}


@pytest.mark.parametrize('chain', CHAINS)
def test_it_is_as_if_it_had_always_been_there(chain):
    wrapper, schedulers = build(CHAINS[chain])
    start = [plain(scheduler.state_dict()) for scheduler in schedulers]
    for steps in sorted({0, 1, STEPS, *random.Random(0).sample(range(44), 8)}):
        expected, stepped = build(CHAINS[chain])
        train(stepped, steps)
        position = Position(steps // STEPS, steps, steps, STEPS)
        groups, states = replay(
            schedulers, wrapper.param_groups, position, [False] * len(schedulers)
        )
        for group, wanted in zip(groups, expected.param_groups, strict=True):
            wanted = {key: value for key, value in wanted.items() if key != 'params'}
            assert group == wanted, f'after {steps} steps'
        assert list(map(plain, states)) == [plain(each.state_dict()) for each in stepped]
    assert [plain(scheduler.state_dict()) for scheduler in schedulers] == start


def test_what_is_configured_in_steps_goes_by_steps_taken_the_rest_by_the_place_in_the_epochs():
    """Epochs had twice as many steps before: 20 taken steps are 10 of today."""
    chain = [
        (LinearLR, dict(start_factor=0.1, end=16, by_epoch=False)),
        (CosineAnnealingLR, dict(T_max=50, end=50, by_epoch=False)),
    ]
    wrapper, schedulers = build(chain)
    position = Position(epoch=1, steps=20, stretched=10, epoch_steps=STEPS)
    _, states = replay(schedulers, wrapper.param_groups, position, [True, False])
    assert [state['_global_step'] for state in states] == [20, 10]


def test_its_time_does_not_grow_with_the_groups(monkeypatch):
    stepped = []
    monkeypatch.setattr(
        CosineAnnealingLR, '_get_value',
        lambda self: stepped.append(len(self.base_values)) or list(self.base_values),
    )  # fmt: skip
    wrapper, schedulers = build([(CosineAnnealingLR, dict(T_max=9, by_epoch=False))], groups=400)
    stepped.clear()
    replay(schedulers, wrapper.param_groups, Position(0, 5, 5, STEPS), [False])
    assert stepped == [2] * 5
