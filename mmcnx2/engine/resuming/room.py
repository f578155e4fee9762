"""Room for a run in its folder: nothing that an earlier one trained is in its way, or is lost."""

import re
from collections.abc import Iterable
from pathlib import Path

from mmengine.logging import print_log

from mmcnx2.engine.resuming import run_note
from mmcnx2.engine.resuming.choice import read_named
from mmcnx2.engine.resuming.refusal import CannotStartError
from mmcnx2.engine.resuming.run_note import RunNote
from mmcnx2.engine.resuming.scan import NOTE, Saved, last_elsewhere, scan, written_by_runs
from mmcnx2.first_few import first_few

_LOGS = re.compile(r'\d{8}_\d{6}')  # mmengine's folder of each start


def make_room(
    work_dir: str | Path,
    folders: Iterable[Path],
    *,
    resume_from: str | None = None,
    move_aside: bool = False,
) -> RunNote:
    """Have a folder ready for a run that begins anew or goes on from a named checkpoint.

    A run that goes on from one of the folder's own checkpoints has those that got further moved
    aside, into ``old-1`` (or ``old-2``, ...) in the folder, since it will save under their names.

    Args:
        work_dir: Work folder of the run; need not exist.
        folders: In which its checkpoints will be.
        resume_from: Path or address of the checkpoint; None begins anew.
        move_aside: Move aside whatever earlier runs left: checkpoints, notes and logs.

    Returns:
        The run's identity.

    Raises:
        CannotStartError: Checkpoints of an earlier run are in the way.
        CheckpointError: The named one cannot be resumed from.
    """
    folders = list(folders)
    named = None
    if resume_from is not None and '://' not in resume_from:
        named = read_named(resume_from)
    homes = [folder.resolve() for folder in folders]
    if named and named.path.resolve().parent in homes:
        return _go_back_to(named, work_dir, folders, move_aside)
    in_the_way = written_by_runs(folders)
    if not move_aside:
        if last := last_elsewhere(work_dir, folders):
            in_the_way.append(Path(last))  # which the folder would forget
        if in_the_way:
            raise CannotStartError(_refusal(work_dir, in_the_way))
    else:
        _move([*in_the_way, *_left_by_runs(work_dir)])
    return RunNote.of_new_run(resume_from)


def _go_back_to(
    named: Saved, work_dir: str | Path, folders: list[Path], move_aside: bool
) -> RunNote:
    """Keep a checkpoint of the folder's own in place, and move aside those that got further."""
    if move_aside:
        others = [path for path in written_by_runs(folders) if path != named.path]
    else:
        saved = scan(folders).saved
        strangers = [s.path for s in saved if s.resumable and not _same_run(s.run, named.run)]
        if strangers:
            raise CannotStartError(_refusal(work_dir, strangers))
        others = [s.path for s in saved if s.step > named.step]
    _move(others)
    note = RunNote.read(work_dir)
    if named.run is None:
        return RunNote.of_new_run(named.path)
    return note if note and note.id == named.run else RunNote(named.run)


def _same_run(one: str | None, other: str | None) -> bool:
    """Checkpoints from before runs had an identity may be of any."""
    return one is None or other is None or one == other


def _refusal(work_dir: str | Path, in_the_way: list[Path]) -> str:
    names = first_few([path.name for path in in_the_way])
    return (
        f"'{work_dir}' holds checkpoints of an earlier run ({names}), which this one would "
        'overwrite: go on with that one by --resume, train in another folder with --work-dir, '
        f" or add --move-aside to keep them in '{_aside(Path(work_dir))}'."
    )


def _left_by_runs(work_dir: str | Path) -> list[Path]:
    """Return notes and logs."""
    entries = Path(work_dir).iterdir() if Path(work_dir).is_dir() else ()
    return [
        path for path in entries if path.name in (NOTE, run_note.FILE) or _LOGS.fullmatch(path.name)
    ]


def _move(paths: Iterable[Path]) -> None:
    """Rename files and folders into one folder beside them, which is said."""
    by_folder = {}
    for path in paths:
        by_folder.setdefault(path.parent, []).append(path)
    for folder, paths in by_folder.items():
        target = _aside(folder)
        target.mkdir()
        for path in paths:
            path.rename(target / path.name)
        names = first_few([path.name for path in paths])
        print_log(f"Moved aside into '{target}': {names}.", logger='current')


def _aside(folder: Path) -> Path:
    number = 1
    while (path := folder / f'old-{number}').exists():
        number += 1
    return path
