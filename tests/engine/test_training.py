"""Foreseeable ends of a training are told in a sentence."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from mmcnx2.engine import training
from mmcnx2.engine.resuming.refusal import CannotStartError
from mmcnx2.engine.training import describe_dead_worker
from tests.engine.hooks.test_preemption_hook import Send
from tests.engine.hooks.test_resume_hook import damage
from tests.support import long_run
from tests.support.children import hold_lock, in_child, locked_elsewhere
from tests.support.long_run import kill, make_runner
from tests.support.tiny import Tiny
from tests.support.tiny_run import Brightness, build, run


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
    'cannot be read .its bytes are no weights': lambda path: path.write_bytes(b'\x80\x02h\x4d.'),
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


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob('*') if path.is_file()}


class TestTheWorkFolder:
    def test_of_two_runs_at_once_the_second_ends_before_it_writes_anything(self, tmp_path):
        with locked_elsewhere(tmp_path) as other:
            before = contents(tmp_path)
            with pytest.raises(SystemExit, match=f'error: another run .*process {other} on '):
                training.train(Config(dict(work_dir=str(tmp_path), resume=True)), look=False)
            assert contents(tmp_path) == before

    def test_so_it_does_without_the_tool(self, tmp_path):
        runner, watch = build(tmp_path)
        with locked_elsewhere(tmp_path), pytest.raises(CannotStartError, match='another run'):
            runner.train()
        assert not watch.rates

    def test_a_process_that_is_not_the_first_leaves_it_alone(self, tmp_path, monkeypatch):
        runner, _ = build(tmp_path / 'run')
        monkeypatch.setenv('RANK', '1')
        monkeypatch.setattr(training.Runner, 'from_cfg', lambda cfg: runner)
        monkeypatch.setattr(runner, 'train', lambda: None)
        folder = tmp_path / 'untouched'
        training.train(Config(dict(work_dir=str(folder), launcher='pytorch')), look=False)
        assert not folder.exists()

    def test_it_is_held_while_training_and_given_back(self, tmp_path, monkeypatch):
        class Try(Hook):
            """Tries to begin a second run."""

            def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
                child, said = in_child(lambda: try_to_lock(tmp_path))
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                answers.append(said)

        answers = []
        runner, _ = build(tmp_path, stop_at=1, hooks=(Try(),))
        monkeypatch.setattr(training.Runner, 'from_cfg', lambda cfg: runner)
        with pytest.raises(KeyboardInterrupt):
            training.train(Config(dict(work_dir=str(tmp_path), resume=True)), look=False)
        assert len(answers) == 1 and 'another run' in answers[0]
        with locked_elsewhere(tmp_path):
            pass  # it was free

    def test_a_fresh_start_among_checkpoints_ends_before_it_writes_anything(self, tmp_path):
        run(tmp_path, stop_at=2)
        before = contents(tmp_path)
        with pytest.raises(SystemExit, match=r'error: .*iter_1\.pth, iter_2\.pth.*--move-aside'):
            training.train(Config(dict(work_dir=str(tmp_path))))
        del before[tmp_path / 'run.lock']
        assert before.items() <= contents(tmp_path).items()

    def test_so_it_does_without_the_tool_again(self, tmp_path):
        run(tmp_path, stop_at=2)
        runner, _ = build(tmp_path, resume=False)
        with pytest.raises(CannotStartError, match='earlier run'):
            runner.train()

    def test_what_was_moved_aside_can_be_gone_on_with(self, tmp_path, monkeypatch):
        run(tmp_path, stop_at=3)
        runner, fresh = build(tmp_path, stop_at=1, resume=False)
        monkeypatch.setattr(training.Runner, 'from_cfg', lambda cfg: runner)
        with pytest.raises(KeyboardInterrupt):
            training.train(Config(dict(work_dir=str(tmp_path))), look=False, move_aside=True)
        _, again = run(tmp_path, stop_at=2)
        assert (len(fresh.rates), len(again.rates)) == (1, 1), 'the older run was gone on with'
        _, older = run(tmp_path / 'old-1')
        assert len(older.rates) == 5


def test_what_cannot_follow_the_config_ends_with_the_sentence(tmp_path, monkeypatch):
    run(tmp_path, stop_at=2)
    runner, _ = build(tmp_path, model=Brightness(width=5))
    with pytest.raises(SystemExit, match='is not one of this config.s model'):
        run_instead(monkeypatch, runner)


def try_to_lock(folder: Path) -> str:
    try:
        return hold_lock(folder)
    except CannotStartError as error:
        return str(error)


def test_other_errors_are_not_explained():
    assert describe_dead_worker(RuntimeError('out of memory'), None) is None


def test_an_epoch_without_a_step_ends_in_the_sentence_alone(tmp_path, monkeypatch):
    runner, _ = build(tmp_path, images=3, batch_size=4)
    runner._train_dataloader.update(drop_last=True)
    with pytest.raises(SystemExit, match='^error: 3 images do not fill .* drop_last='):
        run_instead(monkeypatch, runner)
