"""Checkpoints are whole or not there, and a full disk stops nothing."""

import errno
import os
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.fileio.backends import LocalBackend
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.checkpoints.integrity import find_damage
from mmcnx2.engine.hooks.checkpoint_hook import UnsavedError
from mmcnx2.engine.saving import atomic_backend
from mmcnx2.engine.saving.atomic_backend import PART, AtomicBackend
from tests.support.long_run import Score, make_runner
from tests.support.states import assert_same_state
from tests.support.tiny import Tiny
from tests.support.tiny_run import build
from tests.support.tiny_run import run as run_tiny


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix in ('.pth', PART))


class FullDisk:
    """Stands for the disk: some checkpoints do not fit."""

    def __init__(self, monkeypatch, *, full_from: int, full_to: int):
        self.writes, self.full = 0, range(full_from, full_to + 1)
        monkeypatch.setattr(atomic_backend.os, 'fsync', self.fsync)
        self.real = os.fsync

    def fsync(self, descriptor: int) -> None:
        if os.readlink(f'/proc/self/fd/{descriptor}').endswith(f'.pth{atomic_backend.PART}'):
            self.writes += 1
            if self.writes in self.full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def run(folder: Path, *, model: Tiny | None = None, ema: bool = False, epochs=1, **checkpoint):
    """Train for eight steps an epoch, saving after each."""
    model = model or Tiny(ballast=20_000)
    runner = make_runner(folder, epochs=epochs, ema=ema, model=model, checkpoint=checkpoint)
    runner.train()
    return runner


def said_in(folder: Path) -> str:
    return ''.join(path.read_text() for path in folder.glob('*/*.log'))


def test_a_full_disk_is_loud_and_training_goes_on(tmp_path, monkeypatch):
    FullDisk(monkeypatch, full_from=4, full_to=6)
    runner = run(tmp_path, max_keep_ckpts=2)
    assert runner.iter == 8
    said = said_in(tmp_path)
    assert said.count('NO CHECKPOINT WAS SAVED') == 3
    assert 'No space left on device' in said
    assert f"the last one is '{tmp_path}/iter_3.pth'" in said
    assert names(tmp_path) == ['iter_7.pth', 'iter_8.pth']


def test_while_the_disk_is_full_older_checkpoints_stay(tmp_path, monkeypatch):
    disk = FullDisk(monkeypatch, full_from=4, full_to=100)
    with pytest.raises(UnsavedError, match="the last checkpoint, 'iter_8.pth', could not be writ"):
        run(tmp_path, max_keep_ckpts=1)
    assert names(tmp_path) == ['iter_3.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == f'{tmp_path}/iter_3.pth'
    disk.full = range(0)
    assert run(tmp_path).iter == 8


class NoRoom(Hook):
    """Has the kernel refuse files as large as a checkpoint during some steps."""

    def __init__(self, steps: range):
        self.steps, self.before = steps, resource.getrlimit(resource.RLIMIT_FSIZE)

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        step = runner.iter + 1
        if step == self.steps.start:
            checkpoint = os.path.getsize(f'{runner.work_dir}/iter_{step - 1}.pth')
            resource.setrlimit(resource.RLIMIT_FSIZE, (checkpoint - 1, self.before[1]))
        if step == self.steps.stop:
            resource.setrlimit(resource.RLIMIT_FSIZE, self.before)


def test_files_that_the_kernel_refuses_stop_nothing_either(tmp_path):
    refuse = NoRoom(range(4, 7))
    try:
        options = dict(checkpoint=dict(max_keep_ckpts=2), hooks=(refuse,))
        make_runner(tmp_path, epochs=1, ema=False, model=Tiny(ballast=50_000), **options).train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, refuse.before)
    said = said_in(tmp_path)
    assert said.count('NO CHECKPOINT WAS SAVED') == 3
    assert os.strerror(errno.EFBIG) in said
    assert names(tmp_path) == ['iter_7.pth', 'iter_8.pth']


def test_the_best_checkpoint_stays_while_a_better_one_does_not_fit(tmp_path, monkeypatch):
    options = dict(by_epoch=True, save_best='score', rule='greater')
    scores = iter([0.1, 0.2, 0.3])
    monkeypatch.setattr(
        'tests.support.long_run.Score.compute_metrics',
        lambda self, results: dict(score=next(scores)),
    )
    # An epoch writes its own, the best, and its own again with the best score noted.
    FullDisk(monkeypatch, full_from=5, full_to=6)
    runner = run(tmp_path, epochs=2, **options)
    best = [name for name in names(tmp_path) if name.startswith('best')]
    assert best == ['best_score_epoch_1.pth']
    assert runner.message_hub.get_info('best_score') == 0.1


def test_a_checkpoint_that_reached_the_disk_damaged_does_not_replace_a_good_one(tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(dict(weight=torch.ones(100)), path)
    good = path.read_bytes()
    bad = bytearray(good)
    bad[len(bad) // 2] ^= 1
    with pytest.raises(OSError, match='did not reach the disk whole'):
        AtomicBackend().put(bytes(bad), path)
    assert path.read_bytes() == good
    assert names(tmp_path) == ['a.pth']


def test_every_changed_byte_of_a_tensor_is_found(tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(dict(weight=torch.full((8,), 3.0)), path)
    good = path.read_bytes()
    assert find_damage(path) is None
    at = good.index(torch.full((8,), 3.0).numpy().tobytes())
    for offset in range(32):
        bad = bytearray(good)
        bad[at + offset] ^= 1
        path.write_bytes(bad)
        assert find_damage(path), f'byte {offset}'


class Untidy(Hook):
    """Leaves in the message hub what comes to hand, as hooks of users do."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        for name, value in dict(KEPT, handle=object(), rule=print).items():
            runner.message_hub.update_info(name, value)


def first(history) -> float:
    """Return the oldest value: a statistic of a user's."""
    return history.data[0][0]


KEPT = dict(folder=Path('/data/photos'), shares=[np.float32(0.5), {'row': [Path('a')]}])


@pytest.fixture
def untidy_run(tmp_path, monkeypatch):
    methods = dict(HistoryBuffer([], [])._statistics_methods, first=first)
    monkeypatch.setattr(HistoryBuffer, '_statistics_methods', methods)
    make_runner(tmp_path, epochs=1, ema=False, hooks=(Untidy(),)).train()
    return tmp_path


def test_whatever_hooks_keep_a_run_resumes_and_is_told_what_was_left_out(untidy_run):
    said = ''.join(path.read_text() for path in untidy_run.glob('*/*.log'))
    assert said.count("without 'message_hub.runtime_info.handle' (builtins.object)") == 1
    assert said.count("without 'message_hub.runtime_info.rule' (builtins.") == 1
    assert said.count('Checkpoints are saved without') == 2
    resumed = make_runner(untidy_run, epochs=1, ema=False)
    resumed.load_or_resume()
    hub = resumed.message_hub
    assert {name: hub.get_info(name) for name in KEPT} == KEPT
    assert (hub.get_info('handle'), hub.get_info('rule')) == (None, None)
    losses = hub.get_scalar('train/loss')
    assert len(losses.data[0]) == 8 and losses.statistics('first') == losses.data[0][0]


def test_plain_torch_opens_a_checkpoint_and_plain_mmengine_resumes_from_it(untidy_run, monkeypatch):
    from mmengine.runner import checkpoint as mmengines
    from torch import _weights_only_unpickler as unpickler

    monkeypatch.setattr(unpickler, '_marked_safe_globals_set', set())
    monkeypatch.setitem(mmengines.CheckpointLoader._schemes, '', mmengines.load_from_local)
    last = untidy_run / 'iter_8.pth'
    weights = torch.load(last, weights_only=True)['state_dict']
    resumed = make_runner(untidy_run, epochs=1, ema=False, load_from=str(last), default_hooks={})
    resumed.load_or_resume()
    assert resumed.iter == 8
    assert_same_state(dict(weights), dict(resumed.model.state_dict()))
    assert resumed.message_hub.get_info('folder') == '/data/photos'
    resumed.train()
    assert resumed.iter == 16


def test_half_written_files_of_a_killed_run_are_removed_and_no_others(tmp_path):
    for ending in (PART, '.part'):
        (tmp_path / f'.iter_3.pth{ending}').write_bytes(b'half')
    run(tmp_path)
    assert not (tmp_path / f'.iter_3.pth{PART}').exists()
    assert (tmp_path / '.iter_3.pth.part').exists(), "another program's"


def test_another_back_end_that_is_asked_for_wins(tmp_path):
    runner = make_runner(tmp_path, ema=False, checkpoint=dict(backend_args=dict(backend='local')))
    hook = next(hook for hook in runner.hooks if hasattr(hook, 'save_within_epoch'))
    hook.before_train(runner)
    assert hook.backend_args == dict(backend='local')


class Break(Hook):
    """Makes a number NaN behind some steps, ahead of their checkpoints."""

    priority = 'BELOW_NORMAL'

    def __init__(self, what: str, steps: range):
        self.what, self.steps, self.healthy = what, steps, None

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        place = self.place(runner)
        if runner.iter + 1 == self.steps.start:
            self.healthy = place.clone()
        if runner.iter + 1 in self.steps:
            place[-1] = float('nan')
        elif runner.iter + 1 == self.steps.stop:
            place.copy_(self.healthy)

    def place(self, runner) -> torch.Tensor:
        match self.what:
            case 'weights':
                return runner.model.linear.bias.data
            case 'running statistics':
                return runner.model.norm.running_var
            case 'averaged weights':
                hook = next(hook for hook in runner.hooks if hasattr(hook, 'ema_model'))
                return hook.ema_model.module.linear.bias.data
            case 'the optimizer':
                return runner.optim_wrapper.optimizer.state[runner.model.linear.bias]['exp_avg']


def broken_run(folder: Path, what: str, steps: range) -> None:
    options = dict(ema=what == 'averaged weights', hooks=(Break(what, steps),))
    make_runner(folder, epochs=1, model=Tiny(), **options).train()


PLACES = ['weights', 'running statistics', 'averaged weights', 'the optimizer']


@pytest.mark.parametrize('what', PLACES)
def test_what_is_not_finite_takes_no_good_checkpoints_place(tmp_path, what):
    with pytest.raises(UnsavedError, match="'iter_8.pth', could not be written.* not finite"):
        broken_run(tmp_path, what, range(5, 99))
    assert names(tmp_path) == ['iter_3.pth', 'iter_4.pth', 'not_finite.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == f'{tmp_path}/iter_4.pth'
    said = said_in(tmp_path)
    assert said.count('NO CHECKPOINT WAS SAVED') == 4 and 'to look at is in' in said
    assert 'optimizer' not in torch.load(tmp_path / 'not_finite.pth', weights_only=True)


@pytest.mark.parametrize('what', ['running statistics', 'averaged weights'])
def test_once_it_is_finite_again_checkpoints_are_saved_again(tmp_path, what):
    broken_run(tmp_path, what, range(4, 6))
    assert names(tmp_path) == ['iter_7.pth', 'iter_8.pth', 'not_finite.pth']


def test_the_best_checkpoint_is_finite_too(tmp_path, monkeypatch):
    scores = iter([0.1, 0.2])
    monkeypatch.setattr(
        'tests.support.long_run.Score.compute_metrics',
        lambda self, results: dict(score=next(scores)),
    )
    checkpoint = dict(by_epoch=True, save_best='score', rule='greater')
    broken = Break('running statistics', range(9, 99))
    options = dict(epochs=2, ema=False, model=Tiny(), hooks=(broken,), checkpoint=checkpoint)
    with pytest.raises(UnsavedError):
        make_runner(tmp_path, **options).train()
    assert names(tmp_path) == ['best_score_epoch_1.pth', 'epoch_1.pth', 'not_finite.pth']


def save_nan(path: Path) -> None:
    """Make a checkpoint as a program without these checks would have left it."""
    checkpoint = torch.load(path, weights_only=True)
    checkpoint['optimizer']['state'][0]['exp_avg'][0] = float('nan')
    torch.save(checkpoint, path)


def test_resume_passes_over_what_is_not_finite(tmp_path):
    run(tmp_path, model=Tiny())
    save_nan(tmp_path / 'iter_8.pth')
    assert run(tmp_path, model=Tiny()).iter == 8
    said = said_in(tmp_path)
    assert "iter_8.pth' is passed over: 'optimizer.state.0.exp_avg' is not finite" in said
    assert f"Resuming from '{tmp_path}/iter_7.pth'" in said


def test_resume_refuses_it_by_name(tmp_path):
    run(tmp_path, model=Tiny())
    path = tmp_path / 'iter_8.pth'
    save_nan(path)
    runner = make_runner(tmp_path, ema=False, model=Tiny(), load_from=str(path))
    with pytest.raises(CheckpointError, match=r"iter_8.pth' is not resumed from.*exp_avg.*earlier"):
        runner.train()


def test_a_buffer_that_is_infinite_from_the_start_is_saved_and_resumed(tmp_path):
    def model() -> Tiny:
        tiny = Tiny()
        tiny.register_buffer('mask', torch.tensor([0.0, float('-inf')]))
        return tiny

    run(tmp_path, model=model(), ema=True)
    assert run(tmp_path, model=model(), ema=True, epochs=2).iter == 16
    assert names(tmp_path) == ['iter_15.pth', 'iter_16.pth']


def test_an_old_checkpoint_that_cannot_be_removed_stops_nothing(tmp_path, monkeypatch):
    def refuse(self, path) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(AtomicBackend, 'remove', refuse)
    run(tmp_path, max_keep_ckpts=7)
    assert "iter_1.pth' could not be removed" in said_in(tmp_path)
    assert len(names(tmp_path)) == 8


@pytest.mark.parametrize('options', [{}, dict(save_best='score', rule='greater')])
@pytest.mark.parametrize('method', ['val', 'test'])
def test_without_training_it_validates_and_saves_nothing(method, options, tmp_path):
    runner, _ = build(tmp_path, checkpoint=options)
    loader = dict(runner._train_dataloader, sampler=dict(type='DefaultSampler', shuffle=False))
    for name, loop in (('val', 'ValLoop'), ('test', 'TestLoop')):
        setattr(runner, f'_{name}_dataloader', loader)
        setattr(runner, f'_{name}_evaluator', [Score()])
        setattr(runner, f'_{name}_loop', dict(type=loop))
    assert 'score' in getattr(runner, method)()
    assert not list(tmp_path.rglob('*.pth'))


def test_the_back_end_is_what_it_was_asked_to_be(tmp_path):
    runner, _ = run_tiny(tmp_path)
    hook = next(hook for hook in runner.hooks if hasattr(hook, 'save_within_epoch'))
    assert isinstance(hook.file_backend, AtomicBackend)
    assert isinstance(hook.file_backend, LocalBackend)
    assert hook.file_backend.isfile(tmp_path / 'iter_8.pth')
