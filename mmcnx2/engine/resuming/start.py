"""The start of a run: its folder is locked and has room, its checkpoint is chosen."""

import logging
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import print_log

from mmcnx2.engine.resuming.choice import Choice, choose_newest
from mmcnx2.engine.resuming.lock import FolderLock, lock
from mmcnx2.engine.resuming.room import make_room
from mmcnx2.engine.resuming.run_note import RunNote
from mmcnx2.engine.resuming.scan import checkpoint_folders

_RANKS = dict(pytorch='RANK', slurm='SLURM_PROCID', mpi='OMPI_COMM_WORLD_RANK')


def claim(cfg: Config, *, move_aside: bool = False) -> list[FolderLock]:
    """Lock a run's folder and have room in it, before anything of the run is written there.

    Args:
        cfg: The run's.
        move_aside: Move what earlier runs left there into a folder of its own.

    Returns:
        The locks, to be released at the end.

    Raises:
        CannotStartError: Another run trains there, or its checkpoints are in the way.
        CheckpointError: The checkpoint that was named cannot be resumed from.
    """
    work_dir, resume = cfg.get('work_dir'), cfg.get('resume')
    if work_dir is None:
        return []  # mmengine says that one is needed
    saver = cfg.get('default_hooks', {}).get('checkpoint') or {}
    folders = checkpoint_folders(work_dir, saver.get('out_dir'))
    locks = lock(folders)
    named = cfg.get('load_from') if resume else None
    if (move_aside or not resume) and not started_again(work_dir):
        note = make_room(work_dir, folders, resume_from=named, move_aside=move_aside)
        _write(note, work_dir)
    return locks


def choose(
    work_dir: str | Path, *, resume: bool, checkpoint: str | None, out_dir: str | None = None
) -> Choice:
    """Decide what a run begins with, and have its folder ready. One process of a run does this.

    A run whose job Slurm has queued again goes on with what it saved before, whatever its command
    line says: that is as it was at the first start. The choice is noted in the folder.

    Args:
        work_dir: Work folder of the run; need not exist.
        resume: Go on from a checkpoint.
        checkpoint: The one; None for the newest.
        out_dir: Where checkpoints go instead, as ``CheckpointHook`` has it.

    Raises:
        CannotStartError: Checkpoints are in the way, or there is none that can be resumed from.
        CheckpointError: The one that was named cannot be resumed from.
    """
    folders = checkpoint_folders(work_dir, out_dir)
    if (resume and checkpoint is None) or started_again(work_dir):
        choice = choose_newest(work_dir, folders)
    else:
        checkpoint = checkpoint if resume else None
        choice = Choice(make_room(work_dir, folders, resume_from=checkpoint), checkpoint, {})
    _write(choice.note, work_dir)
    return choice


def started_again(work_dir: str | Path) -> bool:
    """Whether Slurm has queued the job again that had begun the run of a folder."""
    note, job = RunNote.read(work_dir), os.environ.get('SLURM_JOB_ID')
    again = os.environ.get('SLURM_RESTART_COUNT', '0') not in ('', '0')
    return again and job is not None and note is not None and note.job == job


def is_first_process(launcher: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a process is the one that acts for all, before they have joined.

    Args:
        launcher: Launcher of the config: 'none', 'pytorch', 'slurm' or 'mpi'.
        environment: In which the launcher numbers its processes.
    """
    return environment.get(_RANKS.get(launcher, ''), '0') == '0'


def _write(note: RunNote, work_dir: str | Path) -> None:
    try:
        replace(note, job=os.environ.get('SLURM_JOB_ID')).write(work_dir)
    except OSError as error:  # a full disk: checkpoints know their run as well, if they fit
        print_log(
            f"The identity of the run could not be noted in '{work_dir}' ({error}).",
            logger='current',
            level=logging.WARNING,
        )
