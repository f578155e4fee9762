"""mmengine's CheckpointHook for long runs: no checkpoint is half-written, lost or not finite."""

import logging
import shutil
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from mmengine.dist import is_main_process
from mmengine.fileio import join_path
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.checkpoints.plain_types import make_plain, restore_types
from mmcnx2.checks import check_types
from mmcnx2.engine.agreement import of_main_process
from mmcnx2.engine.atomic_backend import remove_parts
from mmcnx2.engine.batches import inner_model
from mmcnx2.engine.checkpoint_note import CheckpointNote
from mmcnx2.engine.checkpoint_rescue import rescue
from mmcnx2.engine.nonfinite import (
    CONSTANTS,
    NonFiniteError,
    describe,
    find_nonfinite,
    nonfinite_buffers,
    put_aside,
)
from mmcnx2.engine.remove_later import RemoveLater
from mmcnx2.registry import HOOKS


class UnsavedError(RuntimeError):
    """A run has come to its end, and its last checkpoint is not there."""


@HOOKS.register_module()
class AtomicCheckpointHook(CheckpointHook):
    """Save checkpoints as ``CheckpointHook`` does, each of them whole and finite or not at all.

    - Files of this machine are written by :class:`AtomicBackend`: written beside, flushed, checked,
      renamed.
    - Old checkpoints are removed after the new one is there, not before. The disk must hold
      ``max_keep_ckpts`` + 1 of them.
    - If one cannot be written, the log says so as an error, older ones stay, and training goes on.
    - So it does if weights, averaged weights, buffers or the optimizer's averages are not finite;
      ``not_finite.pth`` then holds the weights, to look at. Nothing is resumed from such a file.
    - They hold nothing that plain torch refuses to read (:mod:`mmcnx2.checkpoints.plain_types`).
      What a hook keeps that has no plain form is left out, and named once in the log.
    - If it is the last one that cannot be written, room is made for it among those that
      ``max_keep_ckpts`` would remove (the newest stays); then the weights alone are written; then
      ``fallback_dir`` is tried. A run without a last checkpoint ends with an error.

    Args:
        kwargs: Those of ``mmengine.hooks.CheckpointHook``. A ``backend_args`` that is given wins.
        fallback_dir: Another place for a last checkpoint, in a folder of the work folder's name.
            ``--resume`` finds it there.

    Attributes:
        saved: ``(iterations done, path)`` of each checkpoint that this process has resumed from or
            saved, except for those called best; they may have been removed since.
    """

    INTERRUPTED = 'interrupted.pth'
    NOT_FINITE = 'not_finite.pth'

    @check_types
    def __init__(self, *args, fallback_dir: str | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fallback_dir = fallback_dir
        self.saved = []
        self.failures = 0
        self._unsaved = None  # why the latest one is not there
        self._constants = []
        self._left_out = set()  # names in checkpoints that the log has told of
        self._depth = 0
        self._trains = False

    def before_run(self, runner: Runner) -> None:
        """See which buffers are meant not to be finite."""
        self._constants = nonfinite_buffers(inner_model(runner.model))

    def before_train(self, runner: Runner) -> None:
        """Find the folder, and clear it of what a killed run left half-written."""
        out_dir = str(self.out_dir or runner.work_dir)
        if self.backend_args is None and self.file_client_args is None and '://' not in out_dir:
            self.backend_args = dict(backend='mmcnx2_atomic')
        super().before_train(runner)
        self.file_backend = RemoveLater(self.file_backend)
        self._note = CheckpointNote(runner.work_dir)
        self._trains = True
        if is_main_process() and '://' not in str(self.out_dir):
            remove_parts(self.out_dir)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Undo what saving does to types, and refuse to go on from weights that are not finite.

        Raises:
            CheckpointError: They, or the optimizer's averages, are not.
        """
        # Undone where mmengine read the file itself, from other places than this machine.
        restore_types(checkpoint)
        if not runner._resume:
            return
        if names := find_nonfinite(checkpoint):
            raise CheckpointError(
                f"checkpoint '{runner._load_from}' is not resumed from, because "
                f'{describe(names)}: take an earlier one.'
            )
        self.saved = [(checkpoint['meta']['iter'], str(runner._load_from))]

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at what is going to be saved, what other hooks have added included.

        It is put into types that every torch and mmengine reads.

        Raises:
            NonFiniteError: It is not finite, and put aside.
        """
        if self._constants:
            checkpoint[CONSTANTS] = self._constants
        self._make_plain(checkpoint)
        if names := find_nonfinite(checkpoint):
            path = join_path(self.out_dir, self.NOT_FINITE)
            aside = put_aside(checkpoint, path, self.file_client_args, self.backend_args)
            raise NonFiniteError(f'{describe(names)}; {aside}')

    def save_within_epoch(self, runner: Runner, filename: str) -> str:
        """Save after the current step, whatever the interval, replacing a file of that name.

        As for the last checkpoint of a run, everything is tried.

        Args:
            runner: In ``after_train_iter``.
            filename: In the folder of the checkpoints.

        Returns:
            The checkpoint's path.

        Raises:
            OSError: It cannot be written, or is not finite.
        """
        return self._save_at_last(runner, filename, dict(epoch=runner.epoch, iter=runner.iter + 1))

    def after_train(self, runner: Runner) -> None:
        """Try everything for a last checkpoint that is missing; publish, if that is asked for."""
        if runner.iter in [iterations for iterations, _ in self.saved]:
            self._unsaved = None  # what could not be written is the best one
        if of_main_process(self._unsaved):
            self._save_last(runner)
        try:
            super().after_train(runner)
        except OSError as error:
            self._unsaved = f'the last checkpoint could not be published: {error}.'
            runner.logger.error(self._unsaved)

    def after_run(self, runner: Runner) -> None:
        """Refuse to call it a success, if the last checkpoint is not there.

        Raises:
            UnsavedError: In all processes.
        """
        if unsaved := of_main_process(self._unsaved):
            raise UnsavedError(unsaved)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        with self._surviving_failure(runner):
            super()._save_checkpoint_with_step(runner, step, meta)
            self.saved.append((meta['iter'], self.last_ckpt))
            self._unsaved = None

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self.save_best or not self._trains:
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
        last, noted = self.last_ckpt, self._note.read()
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
            if is_main_process() and noted and noted != self._note.read():
                self._note.write(noted)  # mmengine has written over it in place
            self._unsaved = self._complaint(error, last)
            runner.logger.error(self._unsaved)
        else:
            if self._depth == 1:
                self.file_backend.carry_out(runner.logger)
        finally:
            self._depth -= 1

    def _complaint(self, error: OSError, last: str | None) -> str:
        mend = '' if isinstance(error, NonFiniteError) else '; make room before it is interrupted'
        older = f"older checkpoints stay, the last one is '{last}'" if last else 'there is no other'
        return (
            f"NO CHECKPOINT WAS SAVED in '{self.out_dir}' ({error}{_free(self.out_dir, error)}; "
            f'failure {self.failures} of this run): training goes on, {older}{mend}.'
        )

    def _save_last(self, runner: Runner) -> None:
        step = runner.epoch if self.by_epoch else runner.iter
        if self.max_keep_ckpts > 0 and step not in self.keep_ckpt_ids:
            # With room for one more: which of them go is for the rescue to say.
            self.keep_ckpt_ids = deque([*self.keep_ckpt_ids, step], self.max_keep_ckpts + 1)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))
        filename = self.filename_tmpl.format(step)
        try:
            path = self._save_at_last(runner, filename, dict(epoch=runner.epoch, iter=runner.iter))
        except OSError as error:
            self._unsaved = (
                f"the last checkpoint, '{filename}', could not be written in '{self.out_dir}': "
                f'{error}{_free(self.out_dir, error)}.'
            )
            runner.logger.error(self._unsaved)
        else:
            self._unsaved, self.last_ckpt = None, path
            self._note_down(path)
            runner.logger.warning(f"The last checkpoint is there after all: '{path}'.")

    def _save_at_last(self, runner: Runner, filename: str, meta: dict) -> str:
        """Save at any price but that of the newest checkpoint; all processes must take part."""

        def save(folder: str, name: str, whole: bool) -> OSError | None:
            error = None
            try:
                self._write(runner, folder, name, meta, whole)
            except OSError as raised:
                error = raised
            error = of_main_process(error)
            if isinstance(error, NonFiniteError):
                raise error
            return error

        folders = [str(self.out_dir)]
        if self.fallback_dir:
            folders.append(join_path(self.fallback_dir, Path(runner.work_dir).name))
        kept = list(self.keep_ckpt_ids) if self.max_keep_ckpts > 0 else []
        paths = [join_path(self.out_dir, self.filename_tmpl.format(step)) for step in kept]
        there = [path for path in paths if self.file_backend.exists(path)]
        folder = rescue(
            filename,
            folders,
            save=save,
            removable=of_main_process(there[:-1]),
            remove=partial(self._give_up, runner),
        )
        path = join_path(folder, filename)
        if folder != folders[0]:
            self._note_down(path)
            runner.logger.error(f"'{path}' is there, for want of room in '{self.out_dir}'.")
        return path

    def _note_down(self, path: str) -> None:
        if is_main_process():
            self._note.write(path)

    def _give_up(self, runner: Runner, path: str) -> None:
        if is_main_process():
            runner.logger.error(f"'{path}' is removed, to make room for a later checkpoint.")
            self.file_backend.remove(path)
            self.file_backend.carry_out(runner.logger)

    def _write(self, runner: Runner, folder: str, name: str, meta: dict, whole: bool) -> None:
        own = folder == str(self.out_dir)
        backend_args = self.backend_args if own or '://' in folder else None
        if not own and '://' not in folder:
            backend_args = dict(backend='mmcnx2_atomic')
        runner.save_checkpoint(
            folder,
            name,
            self.file_client_args if own else None,
            save_optimizer=whole and self.save_optimizer,
            save_param_scheduler=whole and self.save_param_scheduler,
            meta=dict(meta),
            by_epoch=False,
            backend_args=backend_args,
            **self.args,
        )

    def _make_plain(self, checkpoint: dict) -> None:
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


def _free(folder: str, error: OSError) -> str:
    if isinstance(error, NonFiniteError):
        return ''
    try:
        return f', {shutil.disk_usage(folder).free / 1e9:.1f} GB are free'
    except OSError:  # not a folder of this machine
        return ''
