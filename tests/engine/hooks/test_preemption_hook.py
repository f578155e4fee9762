"""Told to go, a run saves and exits with a status that asks for another try."""

import os
import signal
import time

import pytest
import torch
from mmengine.hooks import Hook

from mmcnx2.engine.hooks import PreemptionHook, preemption_hook
from tests.engine.hooks.test_resume_hook import assert_same_end
from tests.support.long_run import end_state, make_runner


class Send(Hook):
    """Sends this process, and its loading processes, a signal in the middle of a step.

    Args:
        number: Of the signal.
        step: In which to send it.
        again_after: Seconds after which to send it a second time.
    """

    def __init__(self, number: int, step: int, again_after: float | None = None):
        self.number, self.step, self.again_after = number, step, again_after

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 != self.step:
            return
        self.send(runner)
        if self.again_after is not None:
            time.sleep(self.again_after)
            self.send(runner)

    def send(self, runner) -> None:
        iterator = runner.train_dataloader._iterator
        for worker in getattr(iterator, '_workers', ()):
            os.kill(worker.pid, self.number)
        os.kill(os.getpid(), self.number)


@pytest.fixture(autouse=True)
def _handlers():
    numbers = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ('number', 'workers', 'status'),
    [
        (signal.SIGTERM, 0, 75),
        (signal.SIGUSR1, 0, 75),
        (signal.SIGTERM, 2, 75),
        (signal.SIGINT, 2, 130),
    ],
)
def test_it_saves_after_the_step_exits_and_resumes(tmp_path, number, workers, status):
    options = dict(epochs=1, ema=False, checkpoint=dict(interval=100), workers=workers)
    with pytest.raises(SystemExit) as exit:
        make_runner(tmp_path / 'run', hooks=(Send(number, 4),), **options).train()
    assert exit.value.code == status
    saved = torch.load(tmp_path / 'run/interrupted.pth', weights_only=True)
    assert saved['meta']['iter'] == 4
    runner = make_runner(tmp_path / 'run', **options)
    runner.train()
    whole = make_runner(tmp_path / 'whole', **options)
    whole.train()
    assert_same_end(end_state(runner), end_state(whole))


def test_accumulated_gradients_are_used_first(tmp_path):
    optimiser = dict(optimizer=dict(type='SGD', lr=1e-3), accumulative_counts=3)
    runner = make_runner(tmp_path, ema=False, optim_wrapper=optimiser, hooks=(Send(10, 4),))
    assert signal.SIGUSR1 == 10
    with pytest.raises(SystemExit):
        runner.train()
    saved = torch.load(tmp_path / 'interrupted.pth', weights_only=True)
    assert saved['meta']['iter'] == 6


def test_a_second_ctrl_c_stops_at_once(tmp_path, capfd):
    hook = Send(signal.SIGINT, 4, again_after=preemption_hook.SAME_PRESS + 0.1)
    with pytest.raises(KeyboardInterrupt):
        make_runner(tmp_path, ema=False, checkpoint=dict(interval=100), hooks=(hook,)).train()
    assert not (tmp_path / 'interrupted.pth').exists()
    assert capfd.readouterr().err.count('Ctrl-C: saving after this step') == 1


def test_a_ctrl_c_that_arrives_twice_is_one(tmp_path):
    hook = Send(signal.SIGINT, 4, again_after=0)
    with pytest.raises(SystemExit):
        make_runner(tmp_path, ema=False, checkpoint=dict(interval=100), hooks=(hook,)).train()
    assert (tmp_path / 'interrupted.pth').is_file()


def test_after_training_the_signals_are_handed_back(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    make_runner(tmp_path, epochs=1, ema=False).train()
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_unknown_signal_is_refused():
    with pytest.raises(ValueError, match="'SIGNOTHING' is no signal here"):
        PreemptionHook(signals=['SIGTERM', 'SIGNOTHING'])
