"""Leaves in good order when the cluster asks for the machine, or somebody presses Ctrl-C."""

import atexit
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial

import torch
from mmengine.dist import all_reduce, barrier, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from mmcnx2.checks import check_types
from mmcnx2.engine.hooks.checkpoint_hook import AtomicCheckpointHook
from mmcnx2.processes.loading import let_parent_decide
from mmcnx2.processes.signals import (
    MAY_TELL,
    TOLD_BY,
    TRY_AGAIN,
    leave_at_once,
    leave_closed_terminal,
    listen,
    status_after,
)
from mmcnx2.registry import HOOKS

SAME_PRESS = 1.0
"""Seconds within which a second SIGINT is the same Ctrl-C."""


@HOOKS.register_module()
class PreemptionHook(Hook):
    """On a signal, finish the step, save ``interrupted.pth`` and exit with a status of its own.

    Slurm sends the signals before it takes a machine back, or before time is up (``sbatch
    --signal=USR1@300``); a terminal sends SIGHUP when it is closed. ``tools/slurm_train.sh`` queues
    the job again when it sees the status, and ``--resume`` goes on after the last step. A
    validation is finished first, and gradients that are being accumulated are used first. All
    processes stop after the same step, whichever of them was told. A second signal changes nothing,
    also if it is sent to the loading processes. Before the first step there is nothing to save: the
    process exits at once, with the same status.

    Ctrl-C (SIGINT) saves as well, but exits with 130, as shells expect, and a second one stops at
    once. A signal that the run was started to ignore stays ignored: SIGHUP under ``nohup``.

    Args:
        signals: Their names, of those that tell a process to go: SIGTERM, SIGUSR1, SIGINT, SIGHUP,
            SIGQUIT, SIGUSR2, SIGXCPU, SIGPWR.
        exit_code: For all but SIGINT. 75 means a temporary failure that is worth another try
            (``EX_TEMPFAIL``).

    Raises:
        ValueError: If a signal is none of those.
    """

    priority = 'LOWEST'  # the ordinary checkpoint comes first

    @check_types
    def __init__(self, signals: Sequence[str] = TOLD_BY, exit_code: int = TRY_AGAIN):
        others = [name for name in signals if name not in MAY_TELL]
        if others:
            raise ValueError(
                f'signals={list(signals)}, but {", ".join(map(repr, others))} tells no process to '
                f'go: use names of {", ".join(MAY_TELL)}.'
            )
        if not 0 <= exit_code <= 255:
            raise ValueError(f'exit_code={exit_code}, but a status from 0 to 255 is expected.')
        self.signals = [signal.Signals[name] for name in signals]
        self.exit_code = exit_code
        self.received = 0
        self._pressed = None  # when Ctrl-C was
        self._before = {}

    def before_run(self, runner: Runner) -> None:
        """Prepare the loaders, before their workers start, and begin to listen."""
        for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
            if isinstance(loop, BaseLoop):
                let_parent_decide(loop.dataloader)
        if isinstance(runner._train_loop, BaseLoop):
            # Ctrl-C interrupts Python, until there is something to save.
            ours = signal.getsignal(signal.SIGINT) != signal.default_int_handler
            leave = partial(leave_at_once, try_again=self.exit_code)
            self._listen(leave, [n for n in self.signals if ours or n != signal.SIGINT])

    def before_train(self, runner: Runner) -> None:
        """Listen for the sake of the steps to come."""
        self._listen(self._note, self.signals)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Save and exit, if any process was told to.

        Raises:
            SystemExit: With the hook's status, 130 after Ctrl-C.
        """
        told = self._signal_of_all()
        if not told:
            return
        updates = getattr(runner.optim_wrapper, 'should_update', lambda: True)
        if not updates():
            return
        name = signal.Signals(told).name
        runner.logger.warning(f'{name} received: saving after step {runner.iter + 1}, then exit.')
        try:
            saver = next(hook for hook in runner.hooks if isinstance(hook, AtomicCheckpointHook))
            path = saver.save_within_epoch(runner, saver.INTERRUPTED)
            runner.logger.warning(f"Saved '{path}'.")
            runner.logger.info('--resume goes on from there.')
        except StopIteration:
            runner.logger.error('No AtomicCheckpointHook is there to save: only older ones remain.')
        except OSError as error:
            runner.logger.error(f'NO CHECKPOINT WAS SAVED ({error}): only older ones remain.')
        barrier()
        # Whoever tells one that exits later must not change its status. Python's own handlers are
        # gone while it takes itself down.
        atexit.register(_ignore, [n for n in self._before if n != signal.SIGINT])
        raise SystemExit(status_after(told, self.exit_code))

    def after_train(self, runner: Runner) -> None:
        """Hand the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _listen(self, handler: Callable, numbers: Iterable[int]) -> None:
        if threading.current_thread() is threading.main_thread():  # Python allows no other
            self._before = listen(numbers, handler) | self._before

    def _note(self, number: int, frame) -> None:
        if number == signal.SIGINT:
            self._note_ctrl_c()
        if number == signal.SIGHUP:
            leave_closed_terminal()
        self.received = number

    def _note_ctrl_c(self) -> None:
        now = time.monotonic()
        if self._pressed is None:
            self._pressed = now
            if is_main_process():
                # print() must not be called where it may have been interrupted.
                with suppress(OSError):
                    os.write(2, b'\nCtrl-C: saving after this step; once more stops at once.\n')
        # torchrun passes on what the terminal has sent to its processes already.
        elif now - self._pressed > SAME_PRESS:
            raise KeyboardInterrupt

    def _signal_of_all(self) -> int:
        """The greatest number that any process has received, 0 if none has."""
        if get_world_size() == 1:
            return self.received
        told = torch.tensor(int(self.received))
        all_reduce(told, 'max')
        return int(told)


def _ignore(numbers: Iterable[int]) -> None:
    for number in numbers:
        signal.signal(number, signal.SIG_IGN)
