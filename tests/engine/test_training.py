"""Foreseeable ends of a training are told in a sentence."""

import re
import shutil
import signal
from pathlib import Path

import pytest
import torch

from mmcnx2.engine import training
from mmcnx2.engine.training import describe_dead_worker
from tests.engine.hooks.test_preemption_hook import Send
from tests.engine.hooks.test_resume_hook import damage
from tests.support import long_run
from tests.support.long_run import kill, make_runner
from tests.support.tiny import Tiny


class Deadly(long_run.MemoryImages):
    """Has a sample that ends the process that reads it."""

    def __getitem__(self, index: int) -> dict:
        if index == 5:
            kill()
        return super().__getitem__(index)

    def get_data_info(self, index: int) -> dict:
        return dict(img_path=f'images/{index}.jpg')


def run_instead(monkeypatch, runner) -> None:
    monkeypatch.setattr(training.Runner, 'from_cfg', lambda cfg: runner)
    training.train({}, look=False)


def test_a_diverged_run_ends_with_advice(tmp_path, monkeypatch):
    runner = make_runner(tmp_path, model=Tiny(bad_losses=range(1, 99)), ema=False, patience=2)
    sentence = 'error: the loss or its gradient was not finite in 2 steps in a row'
    with pytest.raises(SystemExit, match=sentence):
        run_instead(monkeypatch, runner)


NAMED = {
    'is not as it was written': damage,
    'cannot be read .KeyError: 77': lambda path: path.write_bytes(b'\x80\x02h\x4d.'),
    'does not exist': lambda path: path.unlink(),
    'is no file': lambda path: (path.unlink(), path.mkdir()),
    'holds no state of a run .*load_from': lambda path: torch.save(
        dict(state_dict=torch.load(path)['state_dict']), path
    ),
    'is not one of this config': lambda path: torch.save(
        dict(torch.load(path), state_dict={'backbone.other': torch.ones(1)}), path
    ),
}


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp('before')
    make_runner(folder, epochs=1, ema=False, checkpoint=dict(interval=8)).train()
    return folder / 'iter_8.pth'


@pytest.mark.parametrize('how', NAMED)
def test_a_checkpoint_given_by_name_that_is_no_good_ends_in_the_sentence_alone(
    how, checkpoint, tmp_path, monkeypatch
):
    path = Path(shutil.copy(checkpoint, tmp_path))
    NAMED[how](path)
    runner = make_runner(tmp_path / 'run', ema=False, load_from=str(path))
    with pytest.raises(SystemExit) as end:
        run_instead(monkeypatch, runner)
    assert re.fullmatch(f"error: checkpoint '{path}' {how}.*[.]", str(end.value)), end.value
    assert end.value.__suppress_context__  # no traceback


def test_a_dead_loading_process_is_named_with_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr(long_run, 'MemoryImages', Deadly)
    # Its steps import nothing, which the worker's death would interrupt for all tests to come.
    runner = make_runner(tmp_path, epochs=1, workers=2, ema=False, model=long_run.Tiny())
    sentence = r"(?s)error: loading process \d+.*'images/5\.jpg'.*memory"
    with pytest.raises(SystemExit, match=sentence):
        run_instead(monkeypatch, runner)


def test_a_run_that_was_told_to_go_ends_its_loading_processes(tmp_path, monkeypatch):
    """Which torch would wait for, 5 s each, if they load into pinned memory."""
    options = dict(epochs=1, workers=1, ema=False, checkpoint=dict(interval=100))
    tell = Send(signal.SIGTERM, 2)
    runner = make_runner(tmp_path, model=long_run.Tiny(), hooks=(tell,), **options)
    with pytest.raises(SystemExit):
        run_instead(monkeypatch, runner)
    workers = runner.train_dataloader._iterator._workers
    assert [worker.exitcode for worker in workers] == [0]


def test_other_errors_are_not_explained():
    assert describe_dead_worker(RuntimeError('out of memory'), None) is None
