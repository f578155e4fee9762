"""What lies in a run's folder: its checkpoints, and what only looks like one."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mmcnx2.checkpoints.files import CheckpointError, read_checkpoint
from mmcnx2.engine.resuming.fit import missing_state

NOTE = 'last_checkpoint'
"""The file in which mmengine names the checkpoint that a run saved last."""
_OWN_NAMES = re.compile(r'((epoch|iter)_\d+|best_.*|interrupted|before_divergence|not_finite)\.pth')


class UnusableError(Exception):
    """A file is no checkpoint to go on from; says why, in a clause about the file.

    Attributes:
        foreign: Whatever it is, no run of ours wrote it.
    """

    def __init__(self, reason: str, *, foreign: bool):
        super().__init__(reason)
        self.foreign = foreign


@dataclass(frozen=True)
class Saved:
    """A checkpoint.

    Attributes:
        path: Its file.
        run: Identity of the run that saved it; None before runs had one.
        step: Training steps behind it, over all starts of the run.
        resumable: It holds the optimizer's state, not weights alone.
    """

    path: Path
    run: str | None
    step: int
    resumable: bool

    @property
    def order(self) -> tuple:
        """What the newest of a run has most of."""
        return self.step, self.path.stat().st_mtime_ns


@dataclass
class Found:
    """What a scan found.

    Attributes:
        saved: Checkpoints, of weights alone, too.
        damaged: Files that cannot be read, and why.
        foreign: What no run wrote, and why that is known. Weights of other programs that do not
            claim to be more are not listed.
    """

    saved: list[Saved] = field(default_factory=list)
    damaged: dict[Path, str] = field(default_factory=dict)
    foreign: dict[Path, str] = field(default_factory=dict)

    @property
    def resumable(self) -> list[Saved]:
        """The checkpoints to go on from."""
        return [saved for saved in self.saved if saved.resumable]


def scan(folders: Iterable[Path]) -> Found:
    """Look at every ``.pth`` in some folders, reading tensors and numbers alone.

    Tensors are mapped, not read: this is quick for any size, and finds no flipped bits.

    Args:
        folders: Those that do not exist hold nothing.
    """
    found = Found()
    for path in sorted(path for folder in folders for path in folder.glob('*.pth')):
        try:
            found.saved.append(read_saved(path))
        except UnusableError as error:
            if str(error):
                (found.foreign if error.foreign else found.damaged)[path] = str(error)
    return found


def read_saved(path: Path) -> Saved:
    """Read what a checkpoint says of itself.

    Raises:
        UnusableError: It is none. Without a reason if it holds some weights and claims no more.
    """
    if not path.exists():
        raise UnusableError(
            'it is a link to nothing' if path.is_symlink() else 'it does not exist', foreign=False
        )
    if not path.is_file():
        raise UnusableError(
            'it is a folder' if path.is_dir() else 'it is no regular file', foreign=True
        )
    try:
        checkpoint = read_checkpoint(path, verify=False, mmap=True)
    except CheckpointError as error:
        # What could be read, and is no dict, is not damaged.
        raise UnusableError(error.reason, foreign=error.__cause__ is None) from error
    missing, resumable = missing_state(checkpoint), 'optimizer' in checkpoint
    if resumable and missing:
        raise UnusableError(f'it lacks {", ".join(missing)} of a run', foreign=True)
    if {'meta', 'meta.iter'} & {*missing}:
        raise UnusableError('', foreign=True)
    run = checkpoint.get('run')
    identity = run.get('id') if isinstance(run, Mapping) else None
    identity = identity if isinstance(identity, str) else None
    return Saved(path, identity, checkpoint['meta']['iter'], resumable)


def checkpoint_folders(work_dir: str | Path, out_dir: str | None = None) -> list[Path]:
    """Return where a run saves its checkpoints, as far as that is on this machine.

    Args:
        work_dir: Work folder of the run; need not exist.
        out_dir: That of mmengine's ``CheckpointHook``, which adds the work folder's name to it.
    """
    folders = [Path(work_dir)]
    if out_dir is not None and '://' not in str(out_dir):
        folders.append(Path(out_dir) / Path(work_dir).name)
    return list({folder.resolve(): folder for folder in folders}.values())


def last_checkpoint(work_dir: str | Path) -> str | None:
    """Return what mmengine's note names, None if there is no note that can be read."""
    try:
        named = (Path(work_dir) / NOTE).read_text(encoding='utf-8').strip()
    except (OSError, ValueError):  # no text, for instance
        return None
    return named if named.isprintable() and named else None


def last_elsewhere(work_dir: str | Path, folders: Iterable[Path]) -> str | None:
    """Return the last checkpoint if it lies in none of a run's folders, and None if it does.

    Args:
        work_dir: Work folder of the run.
        folders: Where it saves. That of a copied run still has a note that names the first one's,
            but holds a checkpoint of that name itself, which is no older.
    """
    named = last_checkpoint(work_dir)
    if named is None or '://' in named:
        return named
    try:
        saved = os.stat(named).st_mtime_ns
    except OSError:
        return None  # it is gone
    here = [folder / Path(named).name for folder in folders]
    newer = any(path.exists() and path.stat().st_mtime_ns >= saved for path in here)
    return None if newer else named


def written_by_runs(folders: Iterable[Path]) -> list[Path]:
    """Return what a new run would overwrite or be mistaken for, whole or not.

    Args:
        folders: To look in.
    """
    folders = list(folders)
    paths = {saved.path for saved in scan(folders).resumable}
    named = (path for folder in folders if folder.is_dir() for path in folder.iterdir())
    paths |= {path for path in named if _OWN_NAMES.fullmatch(path.name)}
    return sorted(paths, key=_counted)


def _counted(path: Path) -> list:
    """Sort epoch_10 behind epoch_9."""
    parts = re.split(r'(\d+)', path.name)
    return [path.parent, *(int(part) if part.isdigit() else part for part in parts)]
