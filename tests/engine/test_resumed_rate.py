"""A run that goes on has the learning rates of one that had its config's rate from the start."""

from pathlib import Path

import pytest
from mmengine.hooks import Hook

from mmcnx2.engine.hooks.finite_loss_hook import DivergedError
from tests.support.long_run import make_runner
from tests.support.tiny import Tiny

WARM_UP = dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=5)
SCHEDULES = {
    'none': None,
    'warm-up, cosine': [WARM_UP, dict(type='CosineAnnealingLR', by_epoch=False, begin=5, T_max=11)],
    'cosine with a floor': [
        dict(type='CosineAnnealingLR', T_max=2, eta_min=2e-6, convert_to_iter_based=True)
    ],
    'cosine with a share': [
        WARM_UP,
        dict(type='CosineAnnealingLR', by_epoch=False, begin=5, T_max=11, eta_min_ratio=0.1),
    ],
    'polynomial': [dict(type='PolyLR', by_epoch=False, end=12, power=0.9, eta_min=3e-6)],
    'steps': [dict(type='MultiStepLR', by_epoch=False, milestones=[3, 6, 9])],
    'epochs': [dict(type='ExponentialLR', gamma=0.5, by_epoch=True)],
}
HIGH, LOW = 6.5e-4, 1e-5


class Rates(Hook):
    """Notes the rates of each step."""

    def __init__(self):
        self.of = {}

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        rates = [group['lr'] for group in runner.optim_wrapper.optimizer.param_groups]
        self.of[runner.iter + 1] = [*rates, *runner.optim_wrapper.get_lr().get('base_lr', [])]


def rates_of_run(folder: Path, rate: float, schedule=None, *, groups=False, save=(), **options):
    """Train for two epochs of eight steps, and return the rates by step.

    Args:
        folder: The work folder.
        rate: The config's.
        schedule: Of the rate.
        groups: Give one weight a rate of its own.
        save: Steps to save behind, as ``iter_<step>.pth``.
    """

    class Save(Rates):
        priority = 'LOWEST'

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
            if runner.iter + 1 in save:
                saver = next(hook for hook in runner.hooks if hasattr(hook, 'save_within_epoch'))
                saver.save_within_epoch(runner, f'iter_{runner.iter + 1}.pth')

    hook, wrapper = Save(), dict(optimizer=dict(type='AdamW', lr=rate))
    if groups:
        wrapper['paramwise_cfg'] = dict(custom_keys={'linear.bias': dict(lr_mult=0.1)})
    settings = dict(
        epochs=2,
        ema=False,
        model=Tiny(),
        hooks=(hook,),
        param_scheduler=schedule,
        optim_wrapper=wrapper,
        checkpoint=dict(interval=100, save_last=False),
        **dict.fromkeys(('val_dataloader', 'val_cfg', 'val_evaluator')),
    )
    make_runner(folder, **settings | options).train()
    return hook.of


@pytest.mark.parametrize('name', SCHEDULES)
def test_another_rate_in_the_config_is_followed(tmp_path, name):
    options = dict(schedule=SCHEDULES[name], groups=name == 'warm-up, cosine')
    rates_of_run(tmp_path, HIGH, save=(3, 8, 13), **options)
    expected = rates_of_run(tmp_path / 'fresh', LOW, **options)
    for last in (3, 8, 13):
        saved = str(tmp_path / f'iter_{last}.pth')
        resumed = rates_of_run(tmp_path, LOW, load_from=saved, **options)
        assert resumed.keys() == set(range(last + 1, 17))
        for step, rates in resumed.items():
            close = pytest.approx(expected[step], rel=1e-6, abs=1e-18)
            assert rates == close, f'step {step} behind {last}'


def test_the_log_says_so(tmp_path):
    rates_of_run(tmp_path, HIGH, save=(3,))
    rates_of_run(tmp_path, LOW)
    said = ''.join(path.read_text() for path in tmp_path.glob('*/*.log'))
    sentence = 'The learning rate is 1e-05 in the config and was 0.00065 in the checkpoint'
    assert said.count(sentence) == 1


def test_the_same_rate_is_not_touched(tmp_path):
    schedule = SCHEDULES['cosine with a floor']
    whole = rates_of_run(tmp_path, HIGH, schedule, save=(5,))
    resumed = rates_of_run(tmp_path, HIGH, schedule)
    assert resumed == {step: whole[step] for step in range(6, 17)}


def test_the_advice_of_a_run_that_diverged_works(tmp_path):
    schedule, broken = SCHEDULES['warm-up, cosine'], Tiny(bad_losses=range(9, 99))
    with pytest.raises(DivergedError, match=r'--resume FILE.*lower optim_wrapper.optimizer.lr'):
        rates_of_run(tmp_path, HIGH, schedule, model=broken, patience=2)
    saved = str(tmp_path / 'before_divergence.pth')
    resumed = rates_of_run(tmp_path, LOW, schedule, load_from=saved)
    expected = rates_of_run(tmp_path / 'fresh', LOW, schedule)
    assert resumed.keys() == set(range(11, 17))
    for step, rates in resumed.items():
        assert rates == pytest.approx(expected[step], rel=1e-6), f'step {step}'
