"""Told to go, a run saves and exits with a status that asks for another try."""

import os
import signal
import sys
import time

import pytest
import torch
from mmengine.hooks import Hook

from mmcnx2.engine.hooks import PreemptionHook, preemption_hook
from mmcnx2.processes.signals import MAY_TELL
from tests.engine.hooks.test_resume_hook import assert_same_end, finished
from tests.support.forkserver import start
from tests.support.long_run import Tiny, end_state, make_runner

NUMBERS = [getattr(signal, name) for name in MAY_TELL]
RARELY = dict(interval=100)


class Send(Hook):
    """Sends this process, and its loading processes, a signal at some point.

    Args:
        number: Of the signal.
        step: In which to send it; counted at the point.
        point: The method of a hook.
        pauses: Seconds before each time that it is sent.
    """

    priority = 'VERY_HIGH'

    def __init__(
        self, number: int, step: int, point: str = 'before_train_iter', pauses: tuple = (0,)
    ):
        self.number, self.step, self.pauses, self.calls = number, step, pauses, 0
        setattr(self, point, self.count)

    def count(self, runner, *args, **kwargs) -> None:
        self.calls += 1
        if self.calls == self.step:
            for pause in self.pauses:
                time.sleep(pause)
                self.send(runner)

    def send(self, runner) -> None:
        for loop in (runner._train_loop, runner._val_loop):
            iterator = getattr(loop.dataloader, '_iterator', None)
            for worker in getattr(iterator, '_workers', ()):
                os.kill(worker.pid, self.number)
        os.kill(os.getpid(), self.number)


@pytest.fixture(autouse=True)
def _handlers():
    before = {number: signal.getsignal(number) for number in NUMBERS}
    for number in NUMBERS:  # whatever the tests are run under
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def make(work_dir, *hooks, **options):
    return make_runner(work_dir, model=Tiny(), ema=False, hooks=hooks, **options)


@pytest.fixture(scope='module')
def whole(tmp_path_factory) -> dict:
    """How a run ends that nobody tells anything."""
    torch.manual_seed(0)
    runner = make(tmp_path_factory.mktemp('whole'), epochs=2, checkpoint=RARELY)
    runner.train()
    return end_state(runner)


@pytest.mark.parametrize(
    ('number', 'workers', 'status'),
    [
        (signal.SIGTERM, 2, 75),
        (signal.SIGUSR1, 0, 75),
        (signal.SIGHUP, 2, 75),
        (signal.SIGQUIT, 0, 75),
        (signal.SIGINT, 2, 130),
    ],
    ids=lambda value: getattr(value, 'name', value),
)
def test_it_saves_after_the_step_exits_and_resumes(tmp_path, whole, number, workers, status):
    """Also if the whole job is told, and more than once."""
    torch.manual_seed(0)
    options = dict(epochs=2, checkpoint=RARELY, workers=workers)
    with pytest.raises(SystemExit) as exit:
        make(tmp_path, Send(number, 4, pauses=(0, 0.1, 0)), **options).train()
    assert exit.value.code == status
    saved = torch.load(tmp_path / 'interrupted.pth', weights_only=True)
    assert saved['meta']['iter'] == 4
    runner = make(tmp_path, **options)
    runner.train()
    assert_same_end(end_state(runner), whole)


class Chatter(Hook):
    """Prints, and in the fourth step waits for its terminal to be closed."""

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 == 4:
            print('waiting')
            listener = next(hook for hook in runner.hooks if isinstance(hook, PreemptionHook))
            while not listener.received:
                time.sleep(0.05)
        print(f'step {runner.iter + 1}')


def train_in_terminal(work_dir, terminal: str) -> None:
    os.setsid()
    opened = os.open(terminal, os.O_RDWR)  # which makes it the terminal of this session
    for stream in (0, 1, 2):
        os.dup2(opened, stream)
    sys.stdout, sys.stderr = open(1, 'w', buffering=1), open(2, 'w', buffering=1)
    make(work_dir, Chatter(), checkpoint=RARELY).train()


def test_a_closed_terminal_tells_it_to_go_and_takes_no_more_of_its_words(tmp_path):
    ours, its = os.openpty()
    process = start(train_in_terminal, tmp_path, os.ttyname(its))
    said = b''
    while b'waiting' not in said:
        said += os.read(ours, 1000)
    os.close(its)
    os.close(ours)
    assert finished(process) == 75
    assert torch.load(tmp_path / 'interrupted.pth', weights_only=True)['meta']['iter'] == 4


@pytest.mark.parametrize(('point', 'steps'), [('after_val_iter', 9), ('before_save_checkpoint', 8)])
def test_what_is_under_way_is_finished_first(tmp_path, whole, point, steps):
    """In a validation after the first epoch, and while it is saved."""
    torch.manual_seed(0)
    options = dict(epochs=2, checkpoint=dict(interval=8), workers=2)
    # Of the validation the last step, when all loading processes have begun.
    step = dict(after_val_iter=8, before_save_checkpoint=1)[point]
    with pytest.raises(SystemExit) as exit:
        make(tmp_path, Send(signal.SIGTERM, step, point, pauses=(0, 0.1)), **options).train()
    assert exit.value.code == 75
    saved = torch.load(tmp_path / 'interrupted.pth', weights_only=True)
    assert saved['meta']['iter'] == steps
    assert torch.load(tmp_path / 'iter_8.pth', weights_only=True)['meta']['iter'] == 8
    runner = make(tmp_path, **options)
    runner.train()
    assert_same_end(end_state(runner), whole)


def test_a_run_by_iterations_saves_too(tmp_path):
    """Its first loading processes start before any hook is asked."""
    by_iterations = dict(type='IterBasedTrainLoop', max_iters=8, val_interval=100)
    send = Send(signal.SIGTERM, 4, pauses=(0, 0.1))
    with pytest.raises(SystemExit) as exit:
        make(tmp_path, send, workers=2, train_cfg=by_iterations, checkpoint=RARELY).train()
    assert exit.value.code == 75
    assert torch.load(tmp_path / 'interrupted.pth', weights_only=True)['meta']['iter'] == 4


def test_accumulated_gradients_are_used_first(tmp_path):
    optimizer = dict(optimizer=dict(type='SGD', lr=1e-3), accumulative_counts=3)
    with pytest.raises(SystemExit):
        make(tmp_path, Send(signal.SIGUSR1, 4), optim_wrapper=optimizer).train()
    saved = torch.load(tmp_path / 'interrupted.pth', weights_only=True)
    assert saved['meta']['iter'] == 6


def test_a_run_that_is_through_ends_well(tmp_path):
    """Told in its last validation, it has nothing left to do."""
    make(tmp_path, Send(signal.SIGTERM, 8, 'after_val_iter'), epochs=1).train()
    assert not (tmp_path / 'interrupted.pth').exists()


@pytest.mark.parametrize(
    ('number', 'hook', 'status'),
    [
        (signal.SIGTERM, dict(), 75),
        (signal.SIGUSR2, dict(signals=['SIGUSR2'], exit_code=99), 99),
        (signal.SIGINT, dict(), 130),
    ],
    ids=lambda value: getattr(value, 'name', ''),
)
def test_before_the_first_step_it_exits_with_the_same_status(
    tmp_path, monkeypatch, number, hook, status
):
    class Exited(BaseException):
        pass

    def exit(status: int):
        raise Exited(status)

    monkeypatch.setattr(os, '_exit', exit)
    signal.signal(signal.SIGINT, lambda number, frame: None)  # as the tools do, not as Python does
    send = Send(number, 1, 'before_run')
    send.priority = 'LOWEST'
    runner = make(tmp_path, epochs=1)
    runner._hooks = [*runner._hooks[:-1], PreemptionHook(**hook), send]
    with pytest.raises(Exited) as exited:
        runner.train()
    assert exited.value.args == (status,)


def test_a_second_ctrl_c_stops_at_once(tmp_path, capfd):
    hook = Send(signal.SIGINT, 4, pauses=(0, preemption_hook.SAME_PRESS + 0.1))
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, hook, checkpoint=RARELY).train()
    assert not (tmp_path / 'interrupted.pth').exists()
    assert capfd.readouterr().err.count('Ctrl-C: saving after this step') == 1


def test_a_ctrl_c_that_arrives_twice_is_one(tmp_path):
    with pytest.raises(SystemExit):
        make(tmp_path, Send(signal.SIGINT, 4, pauses=(0, 0)), checkpoint=RARELY).train()
    assert (tmp_path / 'interrupted.pth').is_file()


def test_after_training_the_signals_are_handed_back(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    make(tmp_path, epochs=1).train()
    assert signal.getsignal(signal.SIGTERM) is before
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_the_run_was_started_to_ignore_stays_ignored(tmp_path):
    """As SIGHUP is under nohup."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    make(tmp_path, Send(signal.SIGHUP, 4), epochs=1).train()
    assert not (tmp_path / 'interrupted.pth').exists()


@pytest.mark.parametrize(
    'name', ['SIGNOTHING', 'SIGKILL', 'SIGSTOP', 'SIGSEGV', 'SIGCHLD', 'SIGPIPE', 'SIGTSTP']
)
def test_a_signal_that_tells_nobody_to_go_is_refused(name):
    with pytest.raises(ValueError, match=f"'{name}' tells no process to go: use names of SIGTERM"):
        PreemptionHook(signals=['SIGTERM', name])
