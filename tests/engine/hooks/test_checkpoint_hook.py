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

from mmcnx2.engine import atomic_backend
from mmcnx2.engine.atomic_backend import PART, AtomicBackend, find_damage
from tests.support.long_run import Score, make_runner
from tests.support.states import assert_same_state
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
        if os.readlink(f'/proc/self/fd/{descriptor}').endswith('.pth.part'):
            self.writes += 1
            if self.writes in self.full:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def run(folder: Path, **checkpoint):
    runner = make_runner(folder, epochs=1, ema=False, checkpoint=checkpoint)
    runner.train()
    return runner


def test_a_full_disk_is_loud_and_training_goes_on(tmp_path, monkeypatch):
    FullDisk(monkeypatch, full_from=4, full_to=6)
    runner = run(tmp_path, max_keep_ckpts=2)
    assert runner.iter == 8
    said = ''.join(path.read_text() for path in tmp_path.glob('*/*.log'))
    assert said.count('NO CHECKPOINT WAS SAVED') == 3
    assert 'No space left on device' in said
    assert f"the last one is '{tmp_path}/iter_3.pth'" in said
    assert names(tmp_path) == ['iter_7.pth', 'iter_8.pth']


def test_while_the_disk_is_full_older_checkpoints_stay(tmp_path, monkeypatch):
    FullDisk(monkeypatch, full_from=4, full_to=100)
    run(tmp_path, max_keep_ckpts=1)
    assert names(tmp_path) == ['iter_3.pth']
    assert (tmp_path / 'last_checkpoint').read_text() == f'{tmp_path}/iter_3.pth'
    resumed = make_runner(tmp_path, epochs=1, ema=False)
    resumed.train()
    assert resumed.iter == 8


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
        make_runner(tmp_path, epochs=1, ema=False, **options).train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, refuse.before)
    said = ''.join(path.read_text() for path in tmp_path.glob('*/*.log'))
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
    runner = make_runner(tmp_path, epochs=2, ema=False, checkpoint=options)
    runner.train()
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
    resumed = make_runner(
        untidy_run, epochs=1, ema=False, load_from=str(last), default_hooks={}
    )
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
