"""Training on shards through mmengine's runner, broken off within an epoch and resumed."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.engine import LossSpikeHook
from tests.support.shards import make_shards
from tests.support.toy_config import shorten, shrink

CONFIG = Path(__file__).parents[3] / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_shards.py'
IMAGES, BATCH, EPOCHS = 19, 4, 2
STEPS = IMAGES // BATCH


class Watch(Hook):
    """Notes the images of each step and their pixels, and breaks the run off after some of them."""

    def __init__(self, stop_after: int | None = None):
        self.steps = []
        self.pixels = []
        self.stop_after = stop_after

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        self.steps.append([sample.sample_idx for sample in data_batch['data_samples']])
        self.pixels.append(data_batch['inputs'].clone())
        if len(self.steps) == self.stop_after:
            raise KeyboardInterrupt


@pytest.fixture(scope='module')
def shards(tmp_path_factory) -> Path:
    return make_shards(tmp_path_factory.mktemp('set'), IMAGES, size=32)


def config(shards: Path, work_dir: Path, *, save_at: int = 1000, **loader) -> Config:
    cfg = shorten(shrink(Config.fromfile(CONFIG)))
    cfg.train_cfg.max_epochs = EPOCHS
    cfg.train_dataloader.update(batch_size=BATCH, **loader)
    cfg.train_dataloader.dataset.update(data_root=str(shards), shuffle_buffer=8)
    cfg.train_dataloader.dataset.pipeline[1].scale = 64
    cfg.default_hooks.checkpoint.update(by_epoch=False, interval=save_at, save_last=False)
    cfg.work_dir = str(work_dir)
    amp_off_without_gpu(cfg)
    return cfg


def train(cfg: Config, watch: Watch) -> Runner:
    runner = Runner.from_cfg(cfg)
    # Last, so that a step is saved before the run breaks off.
    runner.register_hook(watch, priority='LOWEST')
    runner.train()
    return runner


@pytest.mark.parametrize(('num_workers', 'stop_after'), [(0, 3), (0, STEPS), (2, STEPS + 1)])
def test_resumed_it_sees_what_it_would_have_seen(shards, tmp_path, num_workers, stop_after):
    loader = dict(num_workers=num_workers, persistent_workers=num_workers > 0)
    broken = Watch(stop_after)
    with pytest.raises(KeyboardInterrupt):
        train(config(shards, tmp_path / 'run', save_at=stop_after, **loader), broken)
    cfg = config(shards, tmp_path / 'run', **loader)
    cfg.resume = True
    resumed = Watch()
    runner = train(cfg, resumed)

    whole = config(shards, tmp_path / 'whole', **loader)
    whole.randomness = dict(seed=runner.seed, diff_rank_seed=True)
    unbroken = Watch()
    train(whole, unbroken)
    assert len(unbroken.steps) == EPOCHS * STEPS == runner.iter
    assert broken.steps + resumed.steps == unbroken.steps
    for i, (seen, expected) in enumerate(
        zip(broken.pixels + resumed.pixels, unbroken.pixels, strict=True)
    ):
        assert seen.equal(expected), f'step {i} has other crops or flips'
    assert unbroken.steps[:STEPS] != unbroken.steps[STEPS:], 'both epochs have one order'


def test_going_back_from_a_spike_it_sees_the_same_again(shards, tmp_path, monkeypatch):
    def judge(hook: LossSpikeHook, losses: np.ndarray) -> str | None:
        return None if len(losses) != STEPS + 3 or hook.rolled_back else 'its loss is high'

    monkeypatch.setattr(LossSpikeHook, 'judge', judge)
    loader = dict(num_workers=2, persistent_workers=True)
    cfg = config(shards, tmp_path / 'back', save_at=STEPS + 1, **loader)
    cfg.default_hooks.loss_spike.rollbacks = 1
    back, unbroken = Watch(), Watch()  # a step that the run goes back from is not watched
    runner = train(cfg, back)
    whole = config(shards, tmp_path / 'whole', **loader)
    whole.randomness = dict(seed=runner.seed, diff_rank_seed=True)
    train(whole, unbroken)
    again = back.steps[: STEPS + 1] + back.steps[STEPS + 2 :]
    assert again == unbroken.steps and back.steps[STEPS + 1] == back.steps[STEPS + 2]
    assert all(map(torch.equal, back.pixels[STEPS + 2 :], unbroken.pixels[STEPS + 1 :]))


@pytest.mark.parametrize(
    ('stop_after', 'batch'),
    [(2, BATCH * 2), (STEPS + 2, BATCH // 2)],
    ids=['larger, first epoch', 'smaller, second epoch'],
)
def test_resuming_within_an_epoch_with_another_batch_size_is_refused(
    shards, tmp_path, stop_after, batch
):
    with pytest.raises(KeyboardInterrupt):
        train(config(shards, tmp_path, save_at=stop_after), Watch(stop_after))
    cfg = config(shards, tmp_path)
    cfg.resume = True
    cfg.train_dataloader.batch_size = batch
    epoch = 1 + stop_after // STEPS
    with pytest.raises(
        ValueError, match=rf"within epoch {epoch} with .*'batch_size': 4.*'batch_size': {batch}"
    ):
        train(cfg, Watch())


@pytest.mark.parametrize(
    ('by_epoch', 'batch'),
    [(True, BATCH * 2), (True, BATCH // 2), (False, BATCH * 2)],
    ids=['saved by epochs, larger', 'saved by epochs, smaller', 'saved by steps, larger'],
)
def test_between_epochs_the_batch_size_may_change(shards, tmp_path, by_epoch, batch):
    cfg = config(shards, tmp_path, save_at=1 if by_epoch else STEPS)
    cfg.default_hooks.checkpoint.by_epoch = by_epoch
    cfg.train_cfg.max_epochs = 1
    train(cfg, Watch())
    cfg = config(shards, tmp_path)
    cfg.resume = True
    cfg.train_dataloader.batch_size = batch
    resumed = Watch()
    runner = train(cfg, resumed)
    seen = [image for step in resumed.steps for image in step]
    assert len(resumed.steps) == IMAGES // batch and runner.epoch == EPOCHS
    assert len(seen) == len(set(seen)), 'an image came twice in an epoch'


def test_weights_that_a_run_starts_from_say_nothing_of_its_epochs(shards, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train(config(shards, tmp_path / 'first', save_at=2), Watch(stop_after=2))
    cfg = config(shards, tmp_path / 'second')
    cfg.load_from = str(tmp_path / 'first/iter_2.pth')
    watch = Watch()
    train(cfg, watch)
    assert len(watch.steps) == EPOCHS * STEPS


def test_a_loop_without_epochs_is_refused(shards, tmp_path):
    cfg = config(shards, tmp_path)
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=2)
    cfg.param_scheduler = None
    with pytest.raises(ValueError, match='IterBasedTrainLoop, but shards are read epoch by epoch'):
        train(cfg, Watch())
