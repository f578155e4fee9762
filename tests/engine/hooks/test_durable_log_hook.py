"""A run, and its log, go on through a removed folder and whatever refuses to be written."""

import errno
import logging
import shutil
from pathlib import Path

import pytest
from mmengine.hooks import Hook

from mmcnx2.engine import DurableLogHook
from tests.support.long_run import make_runner
from tests.support.tiny import Tiny


class Remove(Hook):
    """Removes a folder of a run before a step."""

    def __init__(self, folder, step: int = 4):
        self.folder, self.step = folder, step

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 == self.step:
            shutil.rmtree(self.folder(runner))


def run(folder: Path, *hooks: Hook):
    local = dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')])
    runner = make_runner(folder, epochs=1, ema=False, model=Tiny(), hooks=hooks, visualizer=local)
    runner.train()
    return runner


def said_in(folder: Path) -> str:
    return ''.join(path.read_text() for path in folder.glob('*/*.log'))


def test_a_work_folder_that_is_removed_is_made_again_and_it_is_said(tmp_path):
    folder = tmp_path / 'run'
    runner = run(folder, Remove(lambda runner: runner.work_dir))
    assert sorted(path.name for path in folder.glob('*.pth')) == ['iter_7.pth', 'iter_8.pth']
    said = said_in(folder)
    assert f"'{folder}' was removed while the run writes to it: it is made again" in said
    assert '(train) [1][8/8]' in said and '(train) [1][3/8]' not in said
    assert list(folder.glob('*.py')), 'the config is there again'
    assert list(folder.glob('*/vis_data/scalars.json'))
    assert runner.iter == 8


def test_so_is_that_of_the_logs_alone(tmp_path):
    run(tmp_path, Remove(lambda runner: runner.log_dir))
    said = said_in(tmp_path)
    assert said.count('was removed while the run writes to it') == 1 and '[8/8]' in said


def test_a_log_that_is_removed_is_begun_again(tmp_path):
    class RemoveLog(Remove):
        def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
            if runner.iter + 1 == self.step:
                next(Path(runner.log_dir).glob('*.log')).unlink()

    run(tmp_path, RemoveLog(None))
    assert '[8/8]' in said_in(tmp_path)


class Refuses(logging.Handler):
    """Stands for a log whose disk refuses."""

    def __init__(self, error: Exception):
        super().__init__()
        self.error = error

    def emit(self, record) -> None:
        try:
            raise self.error
        except Exception:
            self.handleError(record)


def test_a_log_that_fails_is_named_the_first_the_tenth_and_the_hundredth_time(tmp_path, capfd):
    runner = make_runner(tmp_path, ema=False, model=Tiny())
    runner.logger.handlers.append(Refuses(OSError(errno.EIO, 'Input/output error')))
    hook = next(hook for hook in runner.hooks if isinstance(hook, DurableLogHook))
    hook.before_run(runner)
    for number in range(150):
        runner.logger.info(str(number))
    hook.after_train(runner)
    shown = ''.join(capfd.readouterr())
    assert shown.count('Input/output error') == 3 and 'Traceback' not in shown
    assert "The log 'on the screen' misses 153 entries" in shown


def test_other_mistakes_in_logging_show_as_before(tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(logging, 'raiseExceptions', True)  # which the command sets
    runner = make_runner(tmp_path, ema=False, model=Tiny())
    next(hook for hook in runner.hooks if isinstance(hook, DurableLogHook)).before_run(runner)
    runner.logger.info('%d', 'no number')
    assert '--- Logging error ---' in capfd.readouterr().err


@pytest.mark.parametrize('kept', ['', '{"step": 1}\n'])
def test_half_a_line_is_cut(tmp_path, kept):
    from mmcnx2.engine.hooks.durable_log_hook import _cut_half_line

    file = tmp_path / 'scalars.json'
    file.write_text(f'{kept}{{"step": 2')
    _cut_half_line(file)
    assert file.read_text() == kept
    _cut_half_line(file)
    assert file.read_text() == kept
