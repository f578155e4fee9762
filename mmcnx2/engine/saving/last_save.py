"""A checkpoint at any price but that of the newest one: in another place, or of weights alone."""

from collections import deque
from functools import partial
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.fileio import join_path
from mmengine.runner import Runner

from mmcnx2.engine.agreement import of_main_process
from mmcnx2.engine.saving.checkpoint_note import CheckpointNote
from mmcnx2.engine.saving.checkpoint_rescue import rescue
from mmcnx2.engine.saving.free_room import free_room
from mmcnx2.engine.saving.nonfinite import NonFiniteError


class UnsavedError(RuntimeError):
    """A run has come to its end, and its last checkpoint is not there."""


def save_at_last(hook: Any, runner: Runner, filename: str, meta: dict) -> str:
    """Save what a hook would; all processes must take part.

    Args:
        hook: An ``AtomicCheckpointHook`` in training. Older ones of its checkpoints make room, and
            its ``fallback_dir`` is the other place, which the work folder's note then names.
        runner: Gathers the checkpoint.
        filename: Filename of the checkpoint.
        meta: Epoch and steps done.

    Returns:
        The checkpoint's path.

    Raises:
        NonFiniteError: It is not finite.
        OSError: It cannot be written.
    """

    def save(folder: str, name: str, whole: bool) -> OSError | None:
        error = None
        try:
            _write(hook, runner, folder, name, meta, whole)
        except OSError as raised:
            error = raised
        error = of_main_process(error)
        if isinstance(error, NonFiniteError):
            raise error
        return error

    folders = [str(hook.out_dir)]
    if hook.fallback_dir:
        folders.append(join_path(hook.fallback_dir, Path(runner.work_dir).name))
    kept = list(hook.keep_ckpt_ids) if hook.max_keep_ckpts > 0 else []
    paths = [join_path(hook.out_dir, hook.filename_tmpl.format(step)) for step in kept]
    there = [path for path in paths if hook.file_backend.exists(path)]
    folder = rescue(
        filename,
        folders,
        save=save,
        removable=of_main_process(there[:-1]),
        remove=partial(_give_up, hook, runner),
    )
    path = join_path(folder, filename)
    if folder != folders[0]:
        if is_main_process():
            CheckpointNote(runner.work_dir).write(path)
        runner.logger.error(f"'{path}' is there, for want of room in '{hook.out_dir}'.")
    return path


def save_missing(hook: Any, runner: Runner) -> str:
    """Save the last checkpoint of a run, which could not be written; all processes must take part.

    Args:
        hook: An ``AtomicCheckpointHook``, after training.
        runner: At its end.

    Returns:
        The checkpoint's path.

    Raises:
        UnsavedError: It still cannot be written.
    """
    step = runner.epoch if hook.by_epoch else runner.iter
    if hook.max_keep_ckpts > 0 and step not in hook.keep_ckpt_ids:
        # With room for one more: which of them go is for the rescue to say.
        hook.keep_ckpt_ids = deque([*hook.keep_ckpt_ids, step], hook.max_keep_ckpts + 1)
        runner.message_hub.update_info('keep_ckpt_ids', list(hook.keep_ckpt_ids))
    filename = hook.filename_tmpl.format(step)
    try:
        return save_at_last(hook, runner, filename, dict(epoch=runner.epoch, iter=runner.iter))
    except OSError as error:
        raise UnsavedError(
            f"the last checkpoint, '{filename}', could not be written in '{hook.out_dir}': "
            f'{error}{free_room(hook.out_dir, error)}.'
        ) from error


def _give_up(hook: Any, runner: Runner, path: str) -> None:
    if is_main_process():
        runner.logger.error(f"'{path}' is removed, to make room for a later checkpoint.")
        hook.file_backend.remove(path)
        hook.file_backend.carry_out(runner.logger)


def _write(hook: Any, runner: Runner, folder: str, name: str, meta: dict, whole: bool) -> None:
    own = folder == str(hook.out_dir)
    backend_args = hook.backend_args if own or '://' in folder else None
    if not own and '://' not in folder:
        backend_args = dict(backend='mmcnx2_atomic')
    runner.save_checkpoint(
        folder,
        name,
        hook.file_client_args if own else None,
        save_optimizer=whole and hook.save_optimizer,
        save_param_scheduler=whole and hook.save_param_scheduler,
        meta=dict(meta),
        by_epoch=False,
        backend_args=backend_args,
        **hook.args,
    )
