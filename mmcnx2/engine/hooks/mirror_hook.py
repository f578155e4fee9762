"""Checkpoints elsewhere, in case the disk goes with the machine."""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmcnx2.checks import check_at_least, check_not_empty, check_types
from mmcnx2.engine.hooks.checkpoint_hook import AtomicCheckpointHook
from mmcnx2.engine.mirror import Mirror, MirrorError
from mmcnx2.engine.resuming.refusal import CannotStartError
from mmcnx2.engine.resuming.run_note import RunNote
from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class MirrorHook(Hook):
    """Copy saved checkpoints to another disk or a store of objects, while training goes on.

    A thread copies one at a time, into a folder of the work folder's name. If it is slower than
    checkpoints come, one waits, the newest; those that it has taken the place of are counted, and
    so are copies that failed. Neither stops training; both are told in the log, and summed up at
    the end of the run, which waits for the copies. ``interrupted.pth`` is copied, too, as far as
    the process is given the time; checkpoints called best are not.

    ``--resume`` in a work folder without a checkpoint fetches the newest copy.

    What is copied is as it was when it was saved, also if it is removed in the meantime.

    Args:
        address: A folder, or an address of fsspec such as 's3://bucket/folder', for which s3fs must
            be installed.
        interval: Every ``interval``-th save is copied, and the last one.
        keep: How many copies stay there.
        options: Options of fsspec's file system, such as ``dict(profile='mine')`` for S3.

    Raises:
        ValueError: The address cannot be used, or a number is out of range.
    """

    priority = 'LOWEST'

    @check_types
    def __init__(
        self,
        address: str,
        interval: int = 1,
        keep: int = 3,
        options: Mapping[str, Any] | None = None,
    ):
        check_not_empty(address=address)
        check_at_least(1, interval=interval, keep=keep)
        self.mirror = Mirror(address, keep=keep, options=options)
        self.interval = interval
        self.copied = self.failures = self.passed_over = 0
        self._saves = 0
        self._newest = None  # path of the last save, if it is not to be copied, so far
        self._waiting: tuple[BinaryIO, str] | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def before_train(self, runner: Runner) -> None:
        """Ask to be told of checkpoints.

        Raises:
            ValueError: There is nobody to tell, or they are not saved on this machine.
        """
        saver = next((h for h in runner.hooks if isinstance(h, AtomicCheckpointHook)), None)
        if saver is None:
            raise ValueError(
                'MirrorHook copies what AtomicCheckpointHook saves: add that to default_hooks.'
            )
        if '://' in str(saver.out_dir):
            raise ValueError(
                f"MirrorHook copies files of this machine, and checkpoints go to '{saver.out_dir}':"
                ' take out MirrorHook, or out_dir of the checkpoint hook.'
            )
        note = RunNote.read(runner.work_dir)
        self._logger = runner.logger
        self._folder = Path(runner.work_dir).resolve().name
        self._run = note.id if note else self._folder
        if is_main_process() and self._take not in saver.when_saved:
            saver.when_saved.append(self._take)
            self._interrupted = saver.INTERRUPTED

    def restore(self, work_dir: str | Path, folder: Path) -> Path | None:
        """Bring back the newest copy that is whole, for a run that finds no checkpoint of its own.

        Args:
            work_dir: Work folder of the run, perhaps without a note of its identity, as on another
                machine.
            folder: Where its checkpoints go.

        Returns:
            The checkpoint; None if there are no copies of the run.

        Raises:
            CannotStartError: There are, or may be, but none can be fetched.
        """
        name, note = Path(work_dir).resolve().name, RunNote.read(work_dir)
        try:
            owner, copies = self.mirror.copies(name)
            if note and note.id != owner:
                return None  # they are another run's
            for copy in reversed(copies):
                try:
                    self.mirror.fetch(name, copy, folder / copy)
                    return folder / copy
                except MirrorError as error:
                    said = f"The mirror's copy '{copy}' is passed over: {error}."
                    print_log(said, logger='current', level=logging.WARNING)
        except Exception as error:  # each file system has its own
            raise CannotStartError(
                f"'{work_dir}' has no checkpoint, and nothing can be fetched from the mirror "
                f"'{self.mirror.address}' ({_said(error)}): mend that, or start without --resume."
            ) from error
        if copies:
            raise CannotStartError(
                f"'{work_dir}' has no checkpoint, and all copies in the mirror "
                f"'{self.mirror.address}' are damaged: start without --resume."
            )
        return None

    def after_train(self, runner: Runner) -> None:
        """Copy the last checkpoint, wait for the copies, and sum up."""
        with self._lock:
            newest, self._newest = self._newest, None
        if newest:
            self._hand_in(newest)
        thread = self._thread
        if thread is not None:
            thread.join()
        if self.failures or self.passed_over:
            runner.logger.error(
                f"The mirror '{self.mirror.address}' misses checkpoints: {self.failures} copies "
                f'failed, {self.passed_over} were passed over because the one before was still '
                f'being copied, {self.copied} are made.'
            )
        elif self.copied:
            runner.logger.info(f"{self.copied} copies are made in '{self.mirror.address}'.")

    def _take(self, path: str) -> None:
        """Note a checkpoint that was saved; from any thread."""
        with self._lock:
            self._saves += 1
            due = self._saves % self.interval == 0 or Path(path).name == self._interrupted
            self._newest = None if due else path
        if due:
            self._hand_in(path)

    def _hand_in(self, path: str) -> None:
        try:
            file = open(path, 'rb')  # from here on it may be removed
        except OSError as error:
            self._fail(path, error)
            return
        with self._lock:
            passed_over, self._waiting = self._waiting, (file, Path(path).name)
            if self._thread is None:
                self._thread = threading.Thread(target=self._copy_all, name='mirror')
                self._thread.start()
        if passed_over:
            passed_over[0].close()
            self.passed_over += 1

    def _copy_all(self) -> None:
        """Copy until nothing waits."""
        while True:
            with self._lock:
                if self._waiting is None:
                    self._thread = None
                    return
                (file, name), self._waiting = self._waiting, None
            with file:
                try:
                    self.mirror.put(self._folder, self._run, file, name)
                    self.copied += 1
                except Exception as error:  # each file system has its own
                    self._fail(name, error)

    def _fail(self, name: str, error: Exception) -> None:
        self.failures += 1
        self._logger.error(
            f"'{name}' WAS NOT COPIED to '{self.mirror.address}' ({_said(error)}; failure "
            f'{self.failures} of the mirror): training goes on.'
        )


def _said(error: Exception) -> str:
    return ' '.join(str(error).split()) or type(error).__name__
