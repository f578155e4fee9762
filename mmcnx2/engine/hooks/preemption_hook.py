"""Leaves in good order when the cluster asks for the machine, or somebody presses Ctrl-C."""

import atexit
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from multiprocessing.synchronize import Event

import torch
from mmengine.dist import all_reduce, barrier, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from mmcnx2.checks import check_types
from mmcnx2.engine.hooks.checkpoint_hook import AtomicCheckpointHook
from mmcnx2.registry import HOOKS

SAME_PRESS = 1.0
"""Seconds within which a second SIGINT is the same Ctrl-C."""


@HOOKS.register_module()
class PreemptionHook(Hook):
    """On a signal, finish the step, save ``interrupted.pth`` and exit with a status of its own.

    Slurm sends the signals before it takes a machine back, or before time is up (``sbatch
    --signal=USR1@300``). ``tools/slurm_train.sh`` queues the job again when it sees the status, and
    ``--resume`` goes on after the last step. A validation is finished first, and gradients
    that are being accumulated are used first. All processes stop after the same step, whichever of
    them was told. A second signal changes nothing.

    Ctrl-C (SIGINT) saves as well, but exits with 130, as shells expect, and a second one stops at
    once.

    Args:
        signals: Their names.
        exit_code: For all but SIGINT. 75 means a temporary failure that is worth another try
            (``EX_TEMPFAIL``).

    Raises:
        ValueError: If a signal has no such name.
    """

    priority = 'LOWEST'  # the ordinary checkpoint comes first

    @check_types
    def __init__(
        self, signals: Sequence[str] = ('SIGTERM', 'SIGUSR1', 'SIGINT'), exit_code: int = 75
    ):
        unknown = [name for name in signals if name not in signal.Signals.__members__]
        if unknown:
            raise ValueError(
                f'signals={list(signals)}, but {", ".join(map(repr, unknown))} is no signal here: '
                "use names such as 'SIGTERM' and 'SIGUSR1'."
            )
        if not 0 <= exit_code <= 255:
            raise ValueError(f'exit_code={exit_code}, but a status from 0 to 255 is expected.')
        self.signals = [signal.Signals[name] for name in signals]
        self.exit_code = exit_code
        self.received = 0
        self._pressed = None  # when Ctrl-C was
        self._before = {}

    def before_run(self, runner: Runner) -> None:
        """Prepare the loaders, before their workers start."""
        ending = multiprocessing.Event()
        # Runs before multiprocessing's own exit function, which sends SIGTERM to the workers and
        # waits for them: for ever, if they took that for the cluster's.
        atexit.register(ending.set)
        for loop in (runner._train_loop, runner._val_loop):
            if isinstance(loop, BaseLoop):
                _let_workers_go_on(loop.dataloader, self.signals, ending)

    def before_train(self, runner: Runner) -> None:
        """Begin to listen, where Python lets a thread do that: in the main one."""
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._note) for number in self.signals}

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
            runner.logger.warning(f"Saved '{path}': --resume goes on from there.")
        except StopIteration:
            runner.logger.error('No AtomicCheckpointHook is there to save: only older ones remain.')
        except OSError as error:
            runner.logger.error(f'NO CHECKPOINT WAS SAVED ({error}): only older ones remain.')
        barrier()
        raise SystemExit(128 + told if told == signal.SIGINT else self.exit_code)

    def after_train(self, runner: Runner) -> None:
        """Hand the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame) -> None:
        if number == signal.SIGINT:
            self._note_ctrl_c()
        self.received = number

    def _note_ctrl_c(self) -> None:
        now = time.monotonic()
        if self._pressed is None:
            self._pressed = now
            if is_main_process():
                # print() must not be called where it may have been interrupted.
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


def _let_workers_go_on(loader: DataLoader, signals: Sequence[signal.Signals], ending) -> None:
    """Have a loader's workers outlive a signal to the whole job: the last step needs them."""
    loader.worker_init_fn = _WorkerStart(loader.worker_init_fn, signals, ending)


class _WorkerStart:
    """Starts a worker that leaves the first signal to its parent and obeys the second.

    Once the parent is ending, it obeys the first, too.
    """

    def __init__(self, start: Callable | None, signals: Sequence[signal.Signals], ending: Event):
        self.start, self.signals, self.ending = start, signals, ending
        self.told = set()

    def __call__(self, worker: int) -> None:
        for number in self.signals:
            signal.signal(number, self._note)
        if self.start:
            self.start(worker)

    def _note(self, number: int, frame) -> None:
        if self.ending.is_set():
            os._exit(0)  # any other status, torch would report in the parent as a failure
        if number in self.told:
            os._exit(128 + number)
        self.told.add(number)
