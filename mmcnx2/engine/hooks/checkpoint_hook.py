"""mmengine's CheckpointHook for long runs: no checkpoint is half-written, lost or not finite."""

import logging
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import partial

from mmengine.dist import is_main_process
from mmengine.fileio import join_path
from mmengine.hooks import CheckpointHook
from mmengine.logging import print_log
from mmengine.runner import Runner

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.checkpoints.plain_types import make_plain, restore_types
from mmcnx2.checks import check_types
from mmcnx2.engine.agreement import of_main_process
from mmcnx2.engine.batches import inner_model
from mmcnx2.engine.saving.atomic_backend import remove_parts
from mmcnx2.engine.saving.background_saving import OneAtATime, Parcel
from mmcnx2.engine.saving.before_save import BeforeSave
from mmcnx2.engine.saving.checkpoint_note import CheckpointNote
from mmcnx2.engine.saving.last_save import save_at_last
from mmcnx2.engine.saving.nonfinite import (
    CONSTANTS,
    NonFiniteError,
    describe,
    find_nonfinite,
    nonfinite_buffers,
    put_aside,
)
from mmcnx2.engine.saving.remove_later import RemoveLater
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
    - In the background, training waits for a copy in memory alone; a thread does the rest in the
      same order: look, write, check, note, remove. One save is under way at a time: the next one
      waits for it, and so do going back, ``interrupted.pth`` and the end of the run.

    Args:
        kwargs: Those of ``mmengine.hooks.CheckpointHook``. A ``backend_args`` that is given wins.
        fallback_dir: Another place for a last checkpoint, in a folder of the work folder's name.
            ``--resume`` finds it there.
        background: Write checkpoints while training goes on. Memory must hold one more checkpoint,
            and what kills the process in the meantime costs the steps since the save before.

    Attributes:
        saved: ``(iterations done, path)`` of each checkpoint that this process has resumed from or
            saved, except for those called best; they may have been removed since.
        when_saved: Called in the main process with the path of each of these files, once it is
            there; perhaps from another thread.

    Raises:
        ValueError: ``background`` with the outdated ``file_client_args``.
    """

    INTERRUPTED = 'interrupted.pth'
    NOT_FINITE = 'not_finite.pth'

    @check_types
    def __init__(self, *args, fallback_dir: str | None = None, background: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        if background and self.file_client_args is not None:
            raise ValueError(
                f'background=True, but file_client_args={self.file_client_args}: give backend_args '
                'instead.'
            )
        self.fallback_dir = fallback_dir
        self.background = background
        self.saved = []
        self.when_saved: list[Callable[[str], None]] = []
        self.failures = 0
        self._unsaved = None  # why the latest one is not there
        self._constants = []
        self._left_out = set()  # names in checkpoints that the log has told of
        self._made = None  # what the save that is being made will add to ``saved``
        self._parcel = None  # takes what is saved now, if it is for the background
        self._writer = OneAtATime('checkpoints')
        self._under_way = None  # what is to do once the writer is done
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
            NonFiniteError: It is not finite, and put aside. In the background, the thread looks.
        """
        if self._constants:
            checkpoint[CONSTANTS] = self._constants
        self._make_plain(checkpoint)
        if self._parcel is None:
            self._check_finite(checkpoint)
        else:
            self._parcel.take(checkpoint)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """See how the background is doing, and save, if it is time."""
        if self._writer.done:
            self.settle()
        super().after_train_iter(runner, batch_idx, data_batch, outputs)

    def settle(self) -> None:
        """Wait for a save in the background, if there is one, and draw the conclusions."""
        if not self._writer.idle:
            conclude, self._under_way = self._under_way, None
            conclude(self._writer.result())

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
        self.settle()
        path = save_at_last(self, runner, filename, dict(epoch=runner.epoch, iter=runner.iter + 1))
        self._tell(path)
        return path

    def after_train(self, runner: Runner) -> None:
        """Try everything for a last checkpoint that is missing; publish, if that is asked for."""
        self.settle()
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
        # mmengine's own notes the file down before it is there.
        with self._surviving_failure(runner):
            self._keep(runner, step)
            name = self.filename_tmpl.format(step)
            self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
            runner.message_hub.update_info('last_ckpt', self.last_ckpt)
            runner.save_checkpoint(
                self.out_dir,
                name,
                self.file_client_args,
                save_optimizer=self.save_optimizer,
                save_param_scheduler=self.save_param_scheduler,
                meta=meta,
                by_epoch=self.by_epoch,
                backend_args=self.backend_args,
                **self.args,
            )
            self._made.append((meta['iter'], self.last_ckpt))

    def _keep(self, runner: Runner, step: int) -> None:
        """Count a checkpoint among those that are kept, and have the oldest removed for it."""
        if self.max_keep_ckpts <= 0 or step in list(self.keep_ckpt_ids)[-1:]:
            return
        if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
            oldest = self.filename_tmpl.format(self.keep_ckpt_ids.popleft())
            path = self.file_backend.join_path(self.out_dir, oldest)
            if is_main_process() and self.file_backend.isfile(path):
                self.file_backend.remove(path)
            elif is_main_process() and self.file_backend.isdir(path):  # DeepSpeed's
                self.file_backend.rmtree(path)
        self.keep_ckpt_ids.append(step)
        runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))

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
        if self._made is not None:
            yield
            return
        self.settle()
        before = BeforeSave(self, runner.message_hub.runtime_info)
        made = self._made = []
        backend_args, error = self.backend_args, None
        self._parcel = parcel = Parcel() if self.background else None
        if parcel:
            self.backend_args = dict(backend='mmcnx2_parcel', backend_args=backend_args)
        try:
            with parcel.open() if parcel else nullcontext():
                yield
        except OSError as raised:
            error = raised
        finally:
            self._made = self._parcel = None
            self.backend_args = backend_args
        before.note_changes()
        write = partial(self._complete, runner, made, before.last_ckpt, error, parcel)
        self._under_way = partial(self._conclude, before, made)
        if self.background:
            self._writer.start(write)
        else:
            self._under_way(write())

    def _complete(
        self,
        runner: Runner,
        made: list[tuple[int, str]],
        last: str | None,
        error: OSError | None,
        parcel: Parcel | None,
    ) -> str | None:
        """Write what is still to be written; then remove old files, or say why new ones failed.

        In the background, this is what the thread does.

        Args:
            runner: Its logger is asked.
            made: What will be in ``saved``.
            last: The checkpoint before.
            error: That it failed with so far.
            parcel: What is to be written.

        Returns:
            The complaint, if it failed.
        """
        try:
            if parcel and not error:
                parcel.write(self._check_finite, self.backend_args)
        except OSError as raised:
            error = raised
        if error:
            self.failures += 1
            self.file_backend.forget()
            complaint = self._complaint(error, last)
            runner.logger.error(complaint)
            return complaint
        for _, path in made:
            self._note_down(path)
        self.file_backend.carry_out(runner.logger)
        for _, path in made:
            self._tell(path)
        return None

    def _conclude(
        self, before: BeforeSave, made: list[tuple[int, str]], complaint: str | None
    ) -> None:
        if complaint:
            before.restore()
            self._unsaved = complaint
        elif made:
            self.saved += made
            self._unsaved = None

    def _check_finite(self, checkpoint: Mapping) -> None:
        if names := find_nonfinite(checkpoint):
            path = join_path(self.out_dir, self.NOT_FINITE)
            aside = put_aside(checkpoint, path, self.file_client_args, self.backend_args)
            raise NonFiniteError(f'{describe(names)}; {aside}')

    def _tell(self, path: str) -> None:
        if is_main_process():
            for listener in self.when_saved:
                listener(path)

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
            path = save_at_last(self, runner, filename, dict(epoch=runner.epoch, iter=runner.iter))
        except OSError as error:
            self._unsaved = (
                f"the last checkpoint, '{filename}', could not be written in '{self.out_dir}': "
                f'{error}{_free(self.out_dir, error)}.'
            )
            runner.logger.error(self._unsaved)
        else:
            self._unsaved, self.last_ckpt = None, path
            self._note_down(path)
            self._tell(path)
            runner.logger.warning(f"The last checkpoint is there after all: '{path}'.")

    def _note_down(self, path: str) -> None:
        if is_main_process():
            self._note.write(path)

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
