"""Foreseeable ends of a training are told in a sentence."""

import pytest

from mmcnx2.engine import training
from mmcnx2.engine.training import describe_dead_worker
from tests.engine.hooks.test_finite_loss_hook import SometimesBroken
from tests.support import long_run
from tests.support.long_run import kill, make_runner


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
    training.train({})


def test_a_dead_loading_process_is_named_with_its_file(tmp_path, monkeypatch):
    monkeypatch.setattr(long_run, 'MemoryImages', Deadly)
    runner = make_runner(tmp_path, epochs=1, workers=2, ema=False)
    sentence = r"(?s)error: loading process \d+.*'images/5\.jpg'.*memory"
    with pytest.raises(SystemExit, match=sentence):
        run_instead(monkeypatch, runner)


def test_a_diverged_run_ends_with_advice(tmp_path, monkeypatch):
    runner = make_runner(tmp_path, model=SometimesBroken(range(1, 99)), ema=False, patience=2)
    with pytest.raises(SystemExit, match='error: the loss was not finite in 2 steps in a row'):
        run_instead(monkeypatch, runner)


def test_other_errors_are_not_explained():
    assert describe_dead_worker(RuntimeError('out of memory'), None) is None
