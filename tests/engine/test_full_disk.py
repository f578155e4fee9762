"""A disk that is really full: training goes on, and a missing last checkpoint is no success."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.logging import MMLogger

from mmcnx2.engine import training
from mmcnx2.engine.training import train
from tests.support.long_run import make_runner
from tests.support.small_disk import FillDisk, fill, small_disk
from tests.support.tiny import Tiny

BALLAST = 100_000
WEIGHTS = 4 * BALLAST
"""Bytes of them; the optimizer's averages take twice as many."""


@pytest.fixture
def disk(tmp_path):
    with small_disk(tmp_path) as disk:
        yield disk
    MMLogger._instance_dict.clear()  # a later test would write to files on the full disk


def run(folder: Path, *hooks, **options):
    """Train for eight steps, saving after each."""
    checkpoint = dict(max_keep_ckpts=1) | options
    settings = dict(
        epochs=1, ema=False, model=Tiny(ballast=BALLAST), hooks=hooks, checkpoint=checkpoint
    )
    runner = make_runner(folder, **settings)
    runner.visualizer.add_config(runner.cfg)
    return runner


def saved(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob('*.pth'))


def said_in(folder: Path) -> str:
    return ''.join(path.read_text() for path in folder.glob('*/*.log'))


def end_of(runner, monkeypatch) -> str:
    """Train as tools/train.py does, and return what the run ends with."""
    monkeypatch.setattr(training.Runner, 'from_cfg', lambda cfg: runner)
    with pytest.raises(SystemExit) as ended:
        train({}, look=False)
    return ended.value.code


@pytest.fixture
def local_backend(monkeypatch):
    """Has the toy's visualizer write the files that all configs have it write."""
    make = 'tests.support.long_run.Runner.build_visualizer'
    original = make_runner.__globals__['Runner'].build_visualizer

    def build(self, visualizer):
        backends = [dict(type='LocalVisBackend')]
        return original(self, dict(type='Visualizer', vis_backends=backends))

    monkeypatch.setattr(make, build)


class Talk(Hook):
    """Says more in each step than a page of the file system holds."""

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        runner.logger.info('.' * 5000)
        runner.visualizer.add_scalars({'.' * 5000: 0}, step=runner.iter + 1)


@pytest.mark.usefixtures('local_backend')
def test_for_a_while_neither_the_run_nor_its_logs_end(disk, capfd):
    run(disk, FillDisk(3, 6), Talk(), max_keep_ckpts=2).train()
    assert saved(disk) == ['iter_7.pth', 'iter_8.pth']
    said, shown = said_in(disk), ''.join(capfd.readouterr())
    assert '--- Logging error ---' not in shown and 'Traceback' not in shown
    assert 'NO CHECKPOINT WAS SAVED' in shown and 'No space left on device' in shown
    for log in (".log'", 'What LocalVisBackend writes'):
        assert 1 <= shown.count(f'{log} cannot be written') <= 2, 'the first time, and the tenth'
        assert shown.count(f'{log} misses') == 1
    assert '[8/8]' in said, 'the log file goes on'
    for file in disk.glob('*/vis_data/*.json'):
        steps = [json.loads(line)['step'] for line in file.read_text().splitlines()]
        assert {1, 2, 8} <= set(steps)


def test_at_the_end_older_checkpoints_make_room_for_the_last(disk):
    run(disk, FillDisk(4), max_keep_ckpts=3).train()
    assert {'iter_3.pth', 'iter_8.pth'} <= set(saved(disk))
    assert 'iter_1.pth' not in saved(disk)
    assert (disk / 'last_checkpoint').read_text() == f'{disk}/iter_8.pth'
    (disk / 'filler').unlink()
    assert make_runner(disk, epochs=1, ema=False, model=Tiny(ballast=BALLAST)).train() is not None


def test_a_last_checkpoint_that_does_not_fit_ends_the_run_with_an_error(disk, monkeypatch, capfd):
    runner = run(disk, FillDisk(4))
    sentence = end_of(runner, monkeypatch)
    assert sentence.startswith("error: the last checkpoint, 'iter_8.pth', could not be written in ")
    assert 'No space left on device' in sentence and 'not even the weights alone fit' in sentence
    assert saved(disk) == ['iter_3.pth']
    assert sentence.removeprefix('error: ') in ''.join(capfd.readouterr()), 'it was logged, too'


def test_weights_alone_take_less_room(disk, monkeypatch):
    sentence = end_of(run(disk, FillDisk(4, leave=2 * WEIGHTS)), monkeypatch)
    assert f"the weights alone are in '{disk}/weights_of_iter_8.pth'" in sentence
    assert saved(disk) == ['iter_3.pth', 'weights_of_iter_8.pth']
    found = torch.load(disk / 'weights_of_iter_8.pth', weights_only=True)
    assert found['meta']['iter'] == 8 and 'optimizer' not in found


def test_another_place_takes_it_and_resume_finds_it_there(disk, tmp_path):
    run(disk, FillDisk(4), fallback_dir=str(tmp_path / 'other')).train()
    assert saved(tmp_path / 'other') == ['iter_8.pth']
    (disk / 'filler').unlink()
    resumed = make_runner(disk, epochs=1, ema=False, model=Tiny(ballast=BALLAST))
    resumed.train()
    assert resumed._load_from == str(tmp_path / 'other/disk/iter_8.pth')


def test_a_run_that_is_told_to_go_saves_elsewhere_as_well(disk, tmp_path):
    class Go(FillDisk):
        def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
            super().before_train_iter(runner, batch_idx, data_batch)
            preemption = next(hook for hook in runner.hooks if hasattr(hook, 'received'))
            preemption.received = 15 if runner.iter + 1 == 5 else 0

    runner = run(disk, Go(4), fallback_dir=str(tmp_path / 'other'))
    with pytest.raises(SystemExit) as ended:
        runner.train()
    assert ended.value.code == 75
    assert saved(tmp_path / 'other') == ['interrupted.pth']


def test_a_run_that_cannot_begin_says_why(disk, tmp_path):
    fill(disk / 'filler')
    cfg = Config(dict(model=None, work_dir=str(disk / 'run'), experiment_name='full'))
    with pytest.raises(SystemExit, match=r"error: .*run' takes no log \(.*No space left.*--work-"):
        train(cfg, look=False)
