"""Which checkpoint a run goes on from: the newest whole one of the run that the folder is of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mmcnx2.checkpoints.files import read_checkpoint
from mmcnx2.checkpoints.integrity import find_damage
from mmcnx2.engine.resuming.fit import check_state
from mmcnx2.engine.resuming.refusal import CannotStartError
from mmcnx2.engine.resuming.run_note import RunNote
from mmcnx2.engine.resuming.scan import (
    Found,
    Saved,
    UnusableError,
    last_checkpoint,
    last_elsewhere,
    read_saved,
    scan,
)
from mmcnx2.engine.saving.nonfinite import describe, find_nonfinite
from mmcnx2.first_few import first_few


@dataclass(frozen=True)
class Choice:
    """What a run begins with.

    Attributes:
        note: The run's identity.
        checkpoint: To go on from, a path or an address; None to begin anew.
        passed_over: Files that were looked at and not taken, and why.
    """

    note: RunNote
    checkpoint: str | None
    passed_over: Mapping[Path, str]


def choose_newest(work_dir: str | Path, folders: Iterable[Path]) -> Choice:
    """Find the checkpoint that ``--resume`` alone goes on from.

    Of the run that the folder belongs to, that with the most steps behind it is taken, if it is
    whole (its checksums are verified) and finite. Checkpoints from before runs had an identity
    come last.

    Args:
        work_dir: Work folder of the run; need not exist.
        folders: In which its checkpoints are, as :func:`.scan.checkpoint_folders` says.

    Raises:
        CannotStartError: There are checkpoints, but none can be taken, or not without a guess.
    """
    folders = list(folders)
    note, elsewhere = RunNote.read(work_dir), last_elsewhere(work_dir, folders)
    remote = elsewhere is not None and '://' in elsewhere
    found = scan(folders if remote or not elsewhere else [*folders, Path(elsewhere).parent])
    if remote and not found.saved and not found.damaged:
        return Choice(note or RunNote.of_new_run(elsewhere), elsewhere, found.foreign)
    passed_over = found.damaged | found.foreign
    run = _run_of_folder(work_dir, found, note)
    own = [saved for saved in found.resumable if saved.run == run]
    older = [saved for saved in found.resumable if saved.run is None and run is not None]
    for saved in found.resumable:
        if saved.run not in (run, None):
            passed_over[saved.path] = f"it is of another run than '{work_dir}'"
    if path := _first_whole(own, passed_over):
        known = note if note and note.id == run else run and RunNote(run)
        return Choice(known or RunNote.of_new_run(path), str(path), passed_over)
    if note and note.began_from and note.id == run:
        if '://' in note.began_from or _is_usable(Path(note.began_from), passed_over):
            return Choice(note, note.began_from, passed_over)
    if path := _first_whole(older, passed_over):
        return Choice(RunNote.of_new_run(path), str(path), passed_over)
    refused = [f'{p.name} ({why})' for p, why in passed_over.items() if p not in found.foreign]
    if refused:
        raise CannotStartError(
            f"nothing in '{work_dir}' can be resumed from: {first_few(refused)}; name a checkpoint "
            'that lies elsewhere with --resume FILE, or start anew with --move-aside, which keeps '
            'these.'
        )
    return Choice(RunNote.of_new_run(), None, passed_over)


def read_named(location: str) -> Saved:
    """Read a checkpoint that was asked for by name, and verify it.

    Args:
        location: Its path.

    Raises:
        CheckpointError: It cannot be resumed from.
    """
    path = Path(location).expanduser()
    check_state(read_checkpoint(path, mmap=True), path=location)
    return read_saved(path)


def _run_of_folder(work_dir: str | Path, found: Found, note: RunNote | None) -> str | None:
    """Return the identity of the run to go on with.

    None stands for one from before runs had an identity, or for one that is still to begin.
    """
    runs = {saved.run for saved in found.resumable if saved.run is not None}
    if note and (note.id in runs or note.began_from):
        return note.id
    last = last_checkpoint(work_dir)
    for saved in found.resumable:
        if saved.run and last and saved.path.name == Path(last).name:
            return saved.run
    if len(runs) > 1:
        newest = {saved.run: saved for saved in _newest_first(found.resumable)[::-1] if saved.run}
        names = ', '.join(sorted(f"'{saved.path}'" for saved in newest.values()))
        raise CannotStartError(
            f"'{work_dir}' holds checkpoints of {len(runs)} runs, and no note says which is its "
            f'own: choose one with --resume FILE; the newest of each are {names}.'
        )
    return runs.pop() if runs else None


def _newest_first(checkpoints: Iterable[Saved]) -> list[Saved]:
    return sorted(checkpoints, key=lambda saved: saved.order, reverse=True)


def _first_whole(checkpoints: Iterable[Saved], passed_over: dict[Path, str]) -> Path | None:
    """Return the newest that is whole, and note what is wrong with newer ones."""
    for saved in _newest_first(checkpoints):
        reason = _why_not(saved.path)
        if reason is None:
            return saved.path
        passed_over[saved.path] = reason
    return None


def _why_not(path: Path) -> str | None:
    """Say what is wrong with the bytes or the numbers of a checkpoint that could be read."""
    if reason := find_damage(path):
        return reason
    names = find_nonfinite(read_checkpoint(path, verify=False, mmap=True))
    return describe(names) if names else None


def _is_usable(path: Path, passed_over: dict[Path, str]) -> bool:
    """Whether a run can go on from a file; if not, note why."""
    try:
        reason = _why_not(path) if read_saved(path).resumable else 'it holds weights alone'
    except UnusableError as error:
        reason = str(error) or 'it holds no training state'
    if reason is not None:
        passed_over[path] = reason
    return reason is None
