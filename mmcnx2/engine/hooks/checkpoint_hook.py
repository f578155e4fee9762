"""mmengine's CheckpointHook for long runs: no checkpoint is half-written or lost to a full disk."""

import logging
import shutil
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.dist import is_main_process
from mmengine.fileio.backends import BaseStorageBackend
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmcnx2.checkpoints.plain_types import make_plain, restore_types
from mmcnx2.engine.atomic_backend import remove_parts
from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """Save checkpoints as ``CheckpointHook`` does, each of them whole or not at all.

    - Files of this machine are written by :class:`AtomicBackend`: written beside, flushed, checked,
      renamed.
    - Old checkpoints are removed after the new one is there, not before. The disk must hold
      ``max_keep_ckpts`` + 1 of them.
    - If one cannot be written, the log says so as an error, older ones stay, and training goes on.
    - They hold nothing that plain torch refuses to read (:mod:`mmcnx2.checkpoints.plain_types`).
      What a hook keeps that has no plain form is left out, and named once in the log.

    Args:
        kwargs: Those of ``mmengine.hooks.CheckpointHook``. A ``backend_args`` that is given wins.
    """

    INTERRUPTED = 'interrupted.pth'
    _left_out = frozenset()  # names in checkpoints that the log has told of

    failures = 0
    _depth = 0
    _trains = False

    def before_train(self, runner: Runner) -> None:
        """Find the folder, and clear it of what a killed run left half-written."""
        out_dir = str(self.out_dir or runner.work_dir)
        if self.backend_args is None and self.file_client_args is None and '://' not in out_dir:
            self.backend_args = dict(backend='mmcnx2_atomic')
        super().before_train(runner)
        self.file_backend = _RemoveLater(self.file_backend)
        self._trains = True
        if is_main_process() and '://' not in str(self.out_dir):
            remove_parts(self.out_dir)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Put what other hooks have added, too, into types that every torch and mmengine reads."""
        plain, left_out = make_plain(checkpoint)
        checkpoint.clear()
        checkpoint.update(plain)
        for name in left_out.keys() - self._left_out:
            print_log(
                f"Checkpoints are saved without '{name}' ({left_out[name]}), which could not be "
                'read again without running code: keep it as numbers, text, tensors, arrays or '
                'paths, in lists and dicts, if a resumed run needs it.',
                logger='current',
                level=logging.WARNING,
            )
        self._left_out |= left_out.keys()

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Undo that, where mmengine read the file itself, from other places than this machine."""
        restore_types(checkpoint)

    def save_within_epoch(self, runner: Runner, filename: str) -> str:
        """Save after the current step, whatever the interval, replacing a file of that name.

        Args:
            runner: In ``after_train_iter``.
            filename: In the folder of the checkpoints.

        Returns:
            The checkpoint's path.

        Raises:
            OSError: It cannot be written.
        """
        runner.save_checkpoint(
            self.out_dir,
            filename,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=dict(epoch=runner.epoch, iter=runner.iter + 1),
            by_epoch=False,
            backend_args=self.backend_args,
            **self.args,
        )
        return self.file_backend.join_path(self.out_dir, filename)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        with self._surviving_failure(runner):
            super()._save_checkpoint_with_step(runner, step, meta)

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self._trains:
            return  # a validation by itself has trained nothing that could be saved
        with self._surviving_failure(runner):
            super()._save_best_checkpoint(runner, metrics)

    @contextmanager
    def _surviving_failure(self, runner: Runner) -> Iterator[None]:
        """Remove old files once new ones are there; if they cannot be written, forget about them.

        Saving the best checkpoint saves the latest one as well: only the outer call decides.
        """
        self._depth += 1
        kept = list(self.keep_ckpt_ids) if self.max_keep_ckpts > 0 else []
        last = self.last_ckpt
        best = getattr(self, 'best_ckpt_path', None), dict(getattr(self, 'best_ckpt_path_dict', {}))
        info = dict(runner.message_hub.runtime_info)
        try:
            yield
        except OSError as error:
            if self._depth > 1:
                raise
            self.failures += 1
            self.file_backend.forget()
            self.last_ckpt = last
            if self.max_keep_ckpts > 0:
                self.keep_ckpt_ids = deque(kept, self.max_keep_ckpts)
            if self.save_best:
                self.best_ckpt_path, self.best_ckpt_path_dict = best
            runner.message_hub.runtime_info.clear()
            runner.message_hub.runtime_info.update(info)
            runner.logger.log(logging.ERROR, self._complaint(error, last))
        else:
            if self._depth == 1:
                self.file_backend.carry_out()
        finally:
            self._depth -= 1

    def _complaint(self, error: OSError, last: str | None) -> str:
        free = ''
        if '://' not in str(self.out_dir):
            free = f', {shutil.disk_usage(self.out_dir).free / 1e9:.1f} GB are free'
        return (
            f"NO CHECKPOINT WAS SAVED in '{self.out_dir}' ({error}{free}; failure {self.failures} "
            f"of this run): training goes on, older checkpoints stay, the last one is '{last}'; "
            'make room before the run is interrupted.'
        )


class _RemoveLater:
    """A file back end that removes files when told that it is time to."""

    def __init__(self, backend: BaseStorageBackend):
        self._backend = backend
        self._waiting = []

    @property
    def __class__(self) -> type:
        """Whoever asks what kind of back end a hook has means the one that writes."""
        return type(self._backend)

    def __getattr__(self, name: str):
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        self._waiting.append((self._backend.remove, path))

    def rmtree(self, path: str) -> None:
        self._waiting.append((self._backend.rmtree, path))

    def carry_out(self) -> None:
        for remove, path in self._waiting:
            if self._backend.exists(path):
                remove(path)
        self._waiting.clear()

    def forget(self) -> None:
        self._waiting.clear()
