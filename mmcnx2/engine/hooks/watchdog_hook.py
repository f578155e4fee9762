"""Says where a run hangs, and ends it if it shall start anew."""

import faulthandler
import os
import socket
import sys
import threading
import time
import weakref
from datetime import datetime
from pathlib import Path

from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcnx2.checks import check_types
from mmcnx2.engine.worker_places import places_of_workers
from mmcnx2.registry import HOOKS

LATER = 60
"""Seconds after which faulthandler's own thread, which needs no lock of Python's, steps in."""
NEVER = float('-inf')
LONGEST = 1e9
"""Seconds that faulthandler can count to, and more than anybody waits."""


@HOOKS.register_module()
class WatchdogHook(Hook):
    """When a step takes too long, write down where all threads are, and perhaps end the run.

    A step lasts from one sign of life to the next: a step of training that begins or ends, a batch
    of validation, a checkpoint. What takes longer than ``seconds`` is an error in the log, with the
    process's rank, and all its threads' stacks are appended to ``stacks_rank<rank>.txt`` in the
    work folder, with the sample that each loading process is at; again after as long. Each process
    watches itself, so those that wait for a hanging one say where they wait.

    What holds Python's lock for good keeps the watch from that, too: within a minute the stacks are
    on stderr then, and if there is an ``exit_code``, the process ends with 1.

    Args:
        seconds: That a step may take. Longer than the longest there is, such as a first one that
            compiles, the scores of a validation, a checkpoint on a slow disk; shorter than
            ``env_cfg.dist_cfg.timeout``, after which NCCL ends the processes without a word.
        exit_code: Status to end the run with, so that it goes on from its last checkpoint: 1 is a
            death for which torchrun has ``--max-restarts``, 75 has ``tools/slurm_train.sh`` queue
            the job again. None: the run goes on waiting.

    Raises:
        ValueError: If an argument is out of range.
    """

    priority = 'LOWEST'

    @check_types
    def __init__(self, seconds: float = 600, exit_code: int | None = None):
        if not 0 < seconds <= LONGEST:
            raise ValueError(
                f'seconds={seconds}, but more than 0 and at most {LONGEST:g} is expected.'
            )
        if exit_code is not None and not 1 <= exit_code <= 255:
            raise ValueError(f'exit_code={exit_code}, but a status from 1 to 255 is expected.')
        self.seconds, self.exit_code = seconds, exit_code
        self._alive_at = None  # no watch is kept
        self._armed_at = NEVER

    def before_train(self, runner: Runner) -> None:
        """Begin to watch."""
        self._sign_of_life()
        watch = _Watch(self, runner)
        threading.Thread(target=watch.keep, name='watchdog', daemon=True).start()

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """The batch is there."""
        self._sign_of_life()

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """The step is done, and saved."""
        self._sign_of_life()

    def after_train_epoch(self, runner: Runner) -> None:
        """The epoch is saved."""
        self._sign_of_life()

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """A batch is validated."""
        if self._alive_at is not None:
            self._sign_of_life()

    def after_val_epoch(self, runner: Runner, metrics=None) -> None:
        """The scores are computed."""
        if self._alive_at is not None:
            self._sign_of_life()

    def after_train(self, runner: Runner) -> None:
        """Watch no longer."""
        self._alive_at, self._armed_at = None, NEVER
        faulthandler.cancel_dump_traceback_later()

    def _sign_of_life(self) -> None:
        self._alive_at = time.monotonic()
        if self._alive_at - self._armed_at > LATER / 2:  # it starts a thread, which takes its time
            self._armed_at = self._alive_at
            ends = self.exit_code is not None
            faulthandler.dump_traceback_later(self.seconds + LATER, exit=ends, file=2)


class _Watch:
    """What the hook's thread does. It keeps neither hook nor runner alive."""

    def __init__(self, hook: WatchdogHook, runner: Runner):
        self.hook, self.runner = weakref.ref(hook), weakref.ref(runner)
        self.trains = threading.get_ident()

    def keep(self) -> None:
        told_at = 0.0
        while (hook := self.hook()) and (runner := self.runner()):
            alive_at, pause = hook._alive_at, min(1.0, hook.seconds / 4)
            if alive_at is None:
                return
            if time.monotonic() - max(alive_at, told_at) > hook.seconds:
                if not self._is_training(runner):
                    break
                _tell(hook, runner, time.monotonic() - alive_at)
                told_at = time.monotonic()
            del hook, runner
            time.sleep(pause)
        faulthandler.cancel_dump_traceback_later()

    def _is_training(self, runner: Runner) -> bool:
        """Tell a run that hangs from one that an exception has ended, of which no hook hears."""
        frame = sys._current_frames().get(self.trains)
        while frame is not None:
            if frame.f_code.co_name == 'train' and frame.f_locals.get('self') is runner:
                return True
            frame = frame.f_back
        return False


def _tell(hook: WatchdogHook, runner: Runner, seconds: float) -> None:
    path = Path(runner.work_dir, f'stacks_rank{get_rank()}.txt')
    who = f'rank {get_rank()} (process {os.getpid()} on {socket.gethostname()})'
    what = f'step {runner.iter + 1} has taken {seconds:.1f} s so far'
    try:
        with path.open('a') as file:
            print(f'{datetime.now():%Y-%m-%d %H:%M:%S} {who}: {what}', file=file, flush=True)
            faulthandler.dump_traceback(file, all_threads=True)
            print(*places_of_workers(runner.train_dataloader).values(), sep='\n', file=file)
        where = f"where all threads are is in '{path}'"
    except Exception as error:  # also of a data set that is asked for a name: the watch goes on
        where = f"where all threads are could not all be written to '{path}' ({error})"
    ends = hook.exit_code is not None
    then = f'the run ends with status {hook.exit_code}' if ends else 'the run goes on waiting'
    runner.logger.error(f'{who}: {what}: {where}; {then}.')
    if ends:
        os._exit(hook.exit_code)
    faulthandler.cancel_dump_traceback_later()
    hook._armed_at = NEVER
