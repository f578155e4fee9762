"""A resumed run follows the config of today, or says what of it cannot be followed."""

from pathlib import Path

import pytest
import torch

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.engine.resuming.refusal import CannotStartError
from tests.support.tiny_run import Brightness, adam, build, cosine, log_of, run

WARMUP = dict(type='LinearLR', start_factor=0.1, end=1, convert_to_iter_based=True)


def schedule(epochs: int) -> list[dict]:
    return [WARMUP, cosine(epochs - 1, begin=1, end=epochs)]


CHANGES = {
    'a longer schedule': (
        dict(epochs=2, param_scheduler=schedule(2)),
        dict(epochs=4, param_scheduler=schedule(4)),
        'param_scheduler.1.T_max is 24 (8 in the checkpoint)',
    ),
    'a lower rate': (
        dict(epochs=2, param_scheduler=schedule(2)),
        dict(epochs=2, param_scheduler=schedule(2), optim_wrapper=adam(lr=1e-5)),
        'lr is 1e-05 (0.001 in the checkpoint)',
    ),
    'no schedule': (
        dict(epochs=2),
        dict(epochs=2, param_scheduler=None),
        'param_scheduler is none, and was another',
    ),
    'a schedule where there was none': (
        dict(epochs=2, param_scheduler=None),
        dict(epochs=2, param_scheduler=schedule(2)),
        'param_scheduler is LinearLR, CosineAnnealingLR, and was another',
    ),
    'another kind of schedule': (
        dict(epochs=2),
        dict(epochs=2, param_scheduler=dict(type='MultiStepLR', milestones=[1], end=9)),
        'param_scheduler is MultiStepLR, and was another',
    ),
    'one less': (
        dict(epochs=2, param_scheduler=schedule(2)),
        dict(epochs=2, param_scheduler=schedule(2)[1:]),
        'param_scheduler is CosineAnnealingLR, and was another',
    ),
    'steps in place of epochs': (
        dict(epochs=2),
        dict(epochs=2, param_scheduler=dict(type='PolyLR', end=16, by_epoch=False)),
        'param_scheduler is PolyLR, and was another',
    ),
    'other factors of some parameters': (
        dict(epochs=2, optim_wrapper=adam() | dict(paramwise_cfg=dict(bias_lr_mult=2.0))),
        dict(epochs=2, optim_wrapper=adam() | dict(paramwise_cfg=dict(bias_lr_mult=3.0))),
        'lr in 2 of 5 groups, the first of them is 0.003 (0.002 in the checkpoint)',
    ),
    'factors where there were none': (
        dict(epochs=2),
        dict(epochs=2, optim_wrapper=adam() | dict(paramwise_cfg=dict(bias_lr_mult=2.0))),
        'lr in 2 of 5 groups, the first of them is 0.002 (0.001 in the checkpoint)',
    ),
}


@pytest.mark.parametrize('change', CHANGES)
@pytest.mark.parametrize('stop_at', [8, 11], ids=['between epochs', 'within one'])
def test_the_rate_is_that_of_a_run_with_this_config_from_its_beginning(change, stop_at, tmp_path):
    before, after, sentence = CHANGES[change]
    _, first = run(tmp_path / 'run', stop_at=stop_at, **before)
    resumed, second = run(tmp_path / 'run', **after)
    _, fresh = run(tmp_path / 'fresh', **after)
    assert second.rates == fresh.rates[stop_at:]
    assert first.images + second.images == fresh.images
    said = log_of(resumed)
    assert 'The config is followed' in said and sentence in said
    assert f'rebuilt at step {stop_at}' in said


def test_a_schedule_at_its_end_becomes_one_that_goes_on(tmp_path):
    _, first = run(tmp_path / 'run', epochs=2, param_scheduler=schedule(2))
    assert first.rates[-1] < 0.05 * max(first.rates)
    after = dict(epochs=4, param_scheduler=schedule(4))
    _, second = run(tmp_path / 'run', **after)
    _, fresh = run(tmp_path / 'fresh', **after)
    assert second.rates == fresh.rates[16:]


def test_a_longer_run_without_a_longer_schedule_is_told_so(tmp_path):
    run(tmp_path, epochs=2)
    resumed, watch = run(tmp_path, epochs=3, param_scheduler=cosine(2))
    assert len(set(watch.rates)) == 1
    said = log_of(resumed)
    assert 'the rate stays where it is for the 8 steps that are left: lengthen it' in said
    assert 'The config is followed' not in said
    resumed, _ = run(tmp_path, epochs=3, param_scheduler=cosine(2))
    assert 'steps that are left' not in log_of(resumed), 'nothing is left'


def test_followed_once_it_is_gone_on_with(tmp_path):
    run(tmp_path, stop_at=8, epochs=2)
    after = dict(epochs=4, param_scheduler=cosine(4))
    run(tmp_path, stop_at=12, **after)
    resumed, watch = run(tmp_path, **after)
    _, fresh = run(tmp_path / 'fresh', **after)
    assert watch.rates == fresh.rates[12:]
    assert 'The config is followed' not in log_of(resumed)


def test_where_nothing_has_changed_nothing_is_touched(tmp_path):
    run(tmp_path, stop_at=3)
    saved = torch.load(tmp_path / 'iter_3.pth', weights_only=True)
    resumed, _ = build(tmp_path)
    loaded = {}
    resumed.hooks[-1].after_load_checkpoint = lambda _, checkpoint: loaded.update(checkpoint)
    resumed.train()
    assert loaded['param_schedulers'] == saved['param_schedulers']
    assert loaded['optimizer']['param_groups'] == saved['optimizer']['param_groups']
    assert 'The config is followed' not in log_of(resumed)


def test_other_settings_follow_and_leave_the_rate_alone(tmp_path):
    run(tmp_path, stop_at=3)
    wrapper = adam(weight_decay=0.3, betas=(0.8, 0.9))
    resumed, watch = run(tmp_path, optim_wrapper=wrapper)
    (group,) = resumed.optim_wrapper.optimizer.param_groups
    assert (group['weight_decay'], tuple(group['betas'])) == (0.3, (0.8, 0.9))
    said = log_of(resumed)
    assert 'betas is [0.8, 0.9] ([0.9, 0.999] in the checkpoint)' in said
    assert 'weight_decay is 0.3 (0.01 in the checkpoint)' in said
    assert 'rebuilt' not in said
    _, fresh = run(tmp_path / 'fresh')
    assert watch.rates == fresh.rates[3:]


def test_what_the_optimizer_has_averaged_stays(tmp_path):
    run(tmp_path, stop_at=3)
    saved = torch.load(tmp_path / 'iter_3.pth', weights_only=True)['optimizer']['state']
    resumed, _ = build(tmp_path, stop_at=3, optim_wrapper=adam(lr=1e-5))
    resumed.hooks[-1].before_train = lambda runner: found.update(runner.optim_wrapper.state_dict())
    found = {}
    resumed.train()
    assert found['state'].keys() == saved.keys() and saved
    assert saved[0]['step'] == 3


def test_checkpoints_from_before_follow_too(tmp_path):
    run(tmp_path / 'run', stop_at=8, epochs=2)
    path = tmp_path / 'run/iter_8.pth'
    old = torch.load(path, weights_only=True)
    old = {key: value for key, value in old.items() if key not in ('run', 'progress')}
    (tmp_path / 'old').mkdir()
    torch.save(old, tmp_path / 'old/iter_8.pth')
    after = dict(epochs=4, param_scheduler=cosine(4))
    _, watch = run(tmp_path / 'old', **after)
    _, fresh = run(tmp_path / 'fresh', **after)
    assert watch.rates == fresh.rates[8:]


REFUSED = {
    'another optimizer': (
        dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1))),
        "optim_wrapper.optimizer.type: the config's optimizer is SGD, the checkpoint's AdamW",
    ),
    'a close relative': (
        dict(optim_wrapper=dict(optimizer=dict(type='NAdam', lr=0.1))),
        "optim_wrapper.optimizer.type: the config's optimizer is NAdam, the checkpoint's AdamW",
    ),
    'another model': (
        dict(model=Brightness(width=5)),
        'is not one of this config.s model .layers.0.weight is .3, 3., needs .5, 3.',
    ),
    'another loop': (
        dict(train_cfg=dict(by_epoch=False, max_iters=9)),
        'train_cfg.type is IterBasedTrainLoop, and the checkpoint was saved by EpochBasedTrain',
    ),
}


@pytest.mark.parametrize('change', REFUSED)
def test_what_cannot_follow_is_refused_by_name_with_a_way_out(change, tmp_path):
    run(tmp_path, stop_at=3)
    options, sentence = REFUSED[change]
    with pytest.raises((CannotStartError, CheckpointError), match=sentence) as refused:
        run(tmp_path, **options)
    assert 'load_from instead of --resume' in str(refused.value)
    assert '\n' not in str(refused.value)


def test_the_old_kind_of_checkpoint_is_told_by_what_it_holds(tmp_path):
    run(tmp_path, stop_at=3)
    path = tmp_path / 'iter_3.pth'
    old = torch.load(path, weights_only=True)
    del old['progress']
    torch.save(old, path)
    sgd = dict(optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)))
    with pytest.raises(CannotStartError, match='is SGD, the checkpoint.s of another kind'):
        run(tmp_path, **sgd)


class TestSchedulesThatFollowScores:
    OPTIONS = dict(epochs=3, param_scheduler=dict(type='ReduceOnPlateauLR', monitor='score'))

    def test_they_go_on(self, tmp_path):
        run(tmp_path, stop_at=9, **self.OPTIONS)
        resumed, _ = run(tmp_path, **self.OPTIONS)
        assert resumed.iter == 24

    def test_they_cannot_be_rebuilt(self, tmp_path):
        run(tmp_path, stop_at=9, **self.OPTIONS)
        with pytest.raises(CannotStartError, match='ReduceOnPlateauLR. follows scores'):
            run(tmp_path, **self.OPTIONS, optim_wrapper=adam(lr=1e-5))


def test_averaged_weights_do_not_become_the_trained_ones_in_silence(tmp_path):
    run(tmp_path, stop_at=3, ema=True)
    with pytest.raises(CannotStartError, match='averages weights and the config has no EMAHook'):
        run(tmp_path)


def test_weights_alone_are_begun_with_as_the_sentence_says(tmp_path: Path):
    run(tmp_path / 'a', stop_at=3)
    path = str(tmp_path / 'a/iter_3.pth')
    runner, watch = run(tmp_path / 'b', resume=False, load_from=path, optim_wrapper=adam(lr=0.1))
    assert len(watch.rates) == 8
