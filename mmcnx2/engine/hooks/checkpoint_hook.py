"""mmengine's CheckpointHook for long runs: no checkpoint is half-written, lost or not finite."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from mmengine.dist import is_main_process
from mmengine.fileio import join_path
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.checkpoints.plain_types import restore_types
from mmcnx2.checks import check_types
from mmcnx2.engine.agreement import of_main_process
from mmcnx2.engine.batches import inner_model
from mmcnx2.engine.saving.atomic_backend import remove_parts
from mmcnx2.engine.saving.background_saving import OneAtATime
from mmcnx2.engine.saving.checkpoint_note import CheckpointNote
from mmcnx2.engine.saving.last_save import UnsavedError, save_at_last, save_missing
from mmcnx2.engine.saving.nonfinite import (
    CONSTANTS,
    check_finite,
    describe,
    find_nonfinite,
    nonfinite_buffers,
)
from mmcnx2.engine.saving.plain_contents import PlainContents
from mmcnx2.engine.saving.remove_later import RemoveLater
from mmcnx2.engine.saving.transaction import Transaction
from mmcnx2.paths import expand_home
from mmcnx2.registry import HOOKS


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
        self.fallback_dir = expand_home(fallback_dir) if fallback_dir else fallback_dir
        self.background = background
        self.saved = []
        self.when_saved: list[Callable[[str], None]] = []
        self.failures = 0
        self._unsaved = None  # why the latest one is not there
        self._constants = []
        self._plain = PlainContents()
        self._save: Transaction | None = None  # being gathered
        self._writer = OneAtATime('checkpoints')
        self._under_way: Transaction | None = None  # being written
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
        self._plain.make(checkpoint)
        if self._save and self._save.parcel:
            self._save.parcel.take(checkpoint)
        else:
            self.check_finite(checkpoint)

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
            self._conclude(self._writer.result())

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
        self.tell(path)
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
            self._save.made.append((meta['iter'], self.last_ckpt))

    def _keep(self, runner: Runner, step: int) -> None:
        """Count a checkpoint among those that are kept, and have the oldest removed for it."""
        if self.max_keep_ckpts <= 0 or step in list(self.keep_ckpt_ids)[-1:]:
            return
        if len(self.keep_ckpt_ids) == self.max_keep_ckpts:
            oldest = self.filename_tmpl.format(self.keep_ckpt_ids.popleft())
            path = self.file_backend.join_path(self.out_dir, oldest)
            if is_main_process():
                is_folder = self.file_backend.isdir(path)  # of a strategy that shares it out
                (self.file_backend.rmtree if is_folder else self.file_backend.remove)(path)
        self.keep_ckpt_ids.append(step)
        runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        if not self.save_best or not self._trains:
            return  # a validation by itself has trained nothing that could be saved
        with self._surviving_failure(runner):
            super()._save_best_checkpoint(runner, metrics)

    def _save_last(self, runner: Runner) -> None:
        try:
            path = save_missing(self, runner)
        except UnsavedError as error:
            self._unsaved = str(error)
            runner.logger.error(self._unsaved)
        else:
            self._unsaved, self.last_ckpt = None, path
            self.note_down(path)
            self.tell(path)
            runner.logger.warning(f"The last checkpoint is there after all: '{path}'.")

    @contextmanager
    def _surviving_failure(self, runner: Runner) -> Iterator[None]:
        """Remove old files once new ones are there; if they cannot be written, forget about them.

        Saving the best checkpoint saves the latest one as well: only the outer call decides.
        """
        if self._save is not None:
            yield
            return
        self.settle()
        save = self._save = Transaction(self, runner)
        try:
            with save.gathering():
                yield
        finally:
            self._save = None
        self._under_way = save
        if self.background:
            self._writer.start(save.write)
        else:
            self._conclude(save.write())

    def _conclude(self, complaint: str | None) -> None:
        save, self._under_way = self._under_way, None
        if complaint:
            save.undo()
            self._unsaved = complaint
        elif save.made:
            self.saved += save.made
            self._unsaved = None

    def check_finite(self, checkpoint: Mapping) -> None:
        """Put a checkpoint aside that is not finite.

        Raises:
            NonFiniteError: It is not.
        """
        aside = join_path(self.out_dir, self.NOT_FINITE)
        check_finite(checkpoint, aside, self.file_client_args, self.backend_args)

    def note_down(self, path: str) -> None:
        """Have the work folder's note name a checkpoint that is there; one process does so."""
        if is_main_process():
            self._note.write(path)

    def tell(self, path: str) -> None:
        """Tell who listens that a checkpoint is there."""
        if is_main_process():
            for listener in self.when_saved:
                listener(path)
