"""A step that takes too long says where all threads are, and perhaps ends the run."""

import ctypes
import re
import threading
import time
from pathlib import Path

import pytest
from mmengine.hooks import Hook

from mmcnx2.engine.hooks import WatchdogHook, watchdog_hook
from tests.engine.hooks.test_resume_hook import finished
from tests.support import long_run
from tests.support.forkserver import start
from tests.support.long_run import MemoryImages, Tiny, make_runner


def make(folder: Path, *hooks: Hook, seconds: float = 0.2, exit_code: int | None = None, **options):
    hooks = (*hooks, WatchdogHook(seconds, exit_code))
    return make_runner(folder, model=Tiny(), epochs=1, ema=False, hooks=hooks, **options)


def log_of(folder: Path) -> str:
    return ''.join(path.read_text() for path in folder.glob('*/*.log'))


def wait_for(words: str, read) -> None:
    for _ in range(600):
        if words in read():
            return
        time.sleep(0.05)
    raise AssertionError('the watchdog does not tell')


class Hang(Hook):
    """Hangs in the third step, until the watchdog has told."""

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 == 3:
            wait_for('step 3 has taken', lambda: log_of(Path(runner.work_dir)))


def test_a_hanging_step_is_told_with_rank_and_stacks_and_the_run_goes_on(tmp_path):
    make(tmp_path, Hang()).train()
    said = log_of(tmp_path)
    path = tmp_path / 'stacks_rank0.txt'
    assert re.search(r'ERROR.* rank 0 \(process \d+ on .*\): step 3 has taken \d+\.\d s so', said)
    assert f"where all threads are is in '{path}'; the run goes on waiting." in said
    stacks = path.read_text()
    assert 'rank 0 (process ' in stacks
    assert 'in wait_for' in stacks, 'where the step hangs is missing'
    assert 'in keep' in stacks, 'the other threads are missing'
    assert (tmp_path / 'iter_8.pth').exists()


class SlowImages(MemoryImages):
    """Has an image that takes until the watchdog has told."""

    stacks: Path

    def __getitem__(self, index: int) -> dict:
        if index == 5:
            wait_for('at sample 5\n', self.stacks.read_text)
        return super().__getitem__(index)


def test_hanging_loading_processes_are_told_with_what_they_are_at(tmp_path, monkeypatch):
    stacks = tmp_path / 'stacks_rank0.txt'
    stacks.touch()
    monkeypatch.setattr(SlowImages, 'stacks', stacks, raising=False)
    monkeypatch.setattr(long_run, 'MemoryImages', SlowImages)
    make(tmp_path, workers=1, val_dataloader=None, val_cfg=None, val_evaluator=None).train()
    assert 'worker 0 at sample 5\n' in stacks.read_text()


class HangForGood(Hook):
    """Hangs for ever, perhaps holding the lock that Python's other threads wait for."""

    def __init__(self, holds_lock: bool):
        self.holds_lock = holds_lock

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if self.holds_lock:
            ctypes.PyDLL(None).sleep(60)
        time.sleep(60)


def hang_for_good(folder: Path, holds_lock: bool) -> None:
    watchdog_hook.LATER = 0.2
    make(folder, HangForGood(holds_lock), exit_code=75).train()


@pytest.mark.parametrize(('holds_lock', 'status'), [(False, 75), (True, 1)])
def test_a_run_that_shall_start_anew_is_ended(tmp_path, holds_lock, status):
    assert finished(start(hang_for_good, tmp_path, holds_lock)) == status
    if not holds_lock:
        assert 'the run ends with status 75.' in log_of(tmp_path)


class Fail(Hook):
    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        raise ArithmeticError


def test_a_run_that_an_exception_has_ended_does_not_hang(tmp_path):
    runner = make(tmp_path, Fail())
    with pytest.raises(ArithmeticError):
        runner.train()
    for thread in threading.enumerate():
        if thread.name == 'watchdog':
            thread.join(30)
            assert not thread.is_alive()
    assert not (tmp_path / 'stacks_rank0.txt').exists()
    assert runner.iter == 0


@pytest.mark.parametrize(
    ('settings', 'sentence'),
    [
        (dict(seconds=0), 'seconds=0, but more than 0 and at most 1e[+]09 is expected'),
        (dict(exit_code=0), 'exit_code=0, but a status from 1 to 255 is expected'),
    ],
)
def test_what_makes_no_sense_is_refused(settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        WatchdogHook(**settings)
