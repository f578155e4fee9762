"""Files and folders that the tools write: whole or not at all, and never over what is not theirs.

A tool's own folder carries a marker that it wrote itself; what lies in such a folder may be
replaced. Anywhere else a file that is in the way is moved aside, and a folder that holds something
is refused. Needs nothing but Python.
"""

import filecmp
import itertools
import logging
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mmcnx2.paths import expand_home

MARKER = '.mmcnx2-{by}'
_OLD = re.compile(r'old-\d+')
_log = logging.getLogger(__name__)


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Yield where to write a file, which takes its name at the end of the block, flushed and whole.

    What the block writes beside it (the weights of a large ONNX file), or renames it to, goes
    along. An error leaves everything as it was. A file that is in the way stays if it is the same
    byte by byte, is replaced in a folder that one of our tools made, and else is moved aside, which
    is logged.

    Args:
        path: The file; its folder is made.

    Raises:
        OSError: See :func:`check_file`; or the disk is full.
    """
    path = Path(expand_home(str(path)))
    check_file(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix='.', suffix='.draft', dir=path.parent) as folder:
        draft = Path(folder, path.name)
        yield draft
        for file in sorted(Path(folder).iterdir(), key=lambda file: file == draft):
            _publish(file, path.with_name(file.name))


def write_text(path: str | Path, text: str) -> None:
    """Write a text as UTF-8, as :func:`new_file` does."""
    with new_file(path) as draft:
        draft.write_text(text, encoding='utf-8')


def check_file(path: str | Path, *, inputs: Iterable[str | Path] = ()) -> None:
    """Refuse, before any work starts, a path to which no file can be written.

    Args:
        path: Path of the file to write.
        inputs: Files that are read for it; those that do not exist pass.

    Raises:
        OSError: It is a folder, its folder cannot be one, or it cannot be written to.
        ValueError: It is one of the inputs.
    """
    path = Path(expand_home(str(path)))
    if path.is_dir():
        raise IsADirectoryError(f"'{path}' is a folder: give the name of a file to write.")
    for file in map(Path, inputs):
        if file.exists() and path.exists() and file.samefile(path):
            raise ValueError(f"'{path}' is read and written at once: give the result another name.")
    _check_writable(path)


def claim_folder(folder: str | Path, by: str) -> Path:
    """Make a folder of a tool's own, or take one that is empty or that it made before.

    Args:
        folder: Its path.
        by: What makes it, a word; it is the end of the marker's name.

    Returns:
        The path.

    Raises:
        OSError: See :func:`check_folder`.
    """
    check_folder(folder, by)
    return mark_folder(folder, by)


def mark_folder(folder: str | Path, by: str) -> Path:
    """Say that a folder is a tool's own, which it knows by other means; it is made if missing."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # Its being there is all that counts: several processes may do this at once.
    marker = _marker(folder, by)
    if not marker.exists():
        marker.write_text(f'Made by {by} of mmcnx2, which may replace what it wrote here.\n')
    return folder


def check_folder(folder: str | Path, by: str) -> None:
    """Refuse, before any work starts, a folder that holds what the tool did not make.

    Raises:
        OSError: It does, or no folder can be made there.
    """
    folder = Path(folder)
    if os.path.lexists(folder) and not folder.is_dir():
        raise NotADirectoryError(f"'{folder}' is no folder: give another one.")
    if is_occupied(folder) and not is_claimed(folder, by):
        raise FileExistsError(
            f"'{folder}' holds files that this tool did not make, so it is left as it is: give "
            'a new or an empty folder.'
        )
    _check_writable(folder)


def is_claimed(folder: str | Path, by: str) -> bool:
    """Whether a folder has the marker of :func:`claim_folder`."""
    return _marker(Path(folder), by).is_file()


def is_occupied(folder: str | Path) -> bool:
    """Whether a folder is there and holds anything."""
    folder = Path(folder)
    return folder.is_dir() and any(folder.iterdir())


def move_aside(path: str | Path) -> Path:
    """Rename a file or folder to the next free ``name.old-1``, and log it.

    Returns:
        Its new path, beside the old one; a file keeps its ending.
    """
    path = Path(path)
    folder = path.is_dir() and not path.is_symlink()
    stem, ending = (path.name, '') if folder else (path.stem, path.suffix)
    for number in itertools.count(1):
        aside = path.with_name(f'{stem}.old-{number}{ending}')
        try:  # An empty one first: only one process can make it.
            aside.mkdir() if folder else aside.touch(exist_ok=False)
        except FileExistsError:
            continue
        try:
            path.replace(aside)
        except OSError:  # a mount point, or a folder without permission
            aside.rmdir() if folder else aside.unlink()
            raise
        _log.warning("'%s' was in the way: it is now '%s'.", path, aside)
        return aside


def move_contents_aside(folder: str | Path) -> Path:
    """Move what is in a folder into the next free ``old-1`` in it, and log it.

    Returns:
        That folder. Earlier ones stay where they are.
    """
    folder = Path(folder)
    entries = [path for path in folder.iterdir() if not _OLD.fullmatch(path.name)]
    numbers = itertools.count(1)
    aside = next(path for n in numbers if not (path := folder / f'old-{n}').exists())
    aside.mkdir()
    for path in entries:
        path.rename(aside / path.name)
    _log.warning("What was in '%s' is now in '%s'.", folder, aside)
    return aside


def _publish(draft: Path, path: Path) -> None:
    with open(draft, 'rb') as file:
        os.fsync(file.fileno())
    if any(path.parent.glob(MARKER.format(by='*'))):
        draft.replace(path)
        return
    while True:
        try:
            if path.is_file() and filecmp.cmp(draft, path, shallow=False):
                return
            if os.path.lexists(path):
                move_aside(path)
        except FileNotFoundError:  # another process has just moved it
            continue
        try:
            os.link(draft, path)  # unlike a renaming, never over another file
        except FileExistsError:
            continue
        except OSError:  # a file system without hard links
            draft.replace(path)
        return


def _marker(folder: Path, by: str) -> Path:
    return folder / MARKER.format(by=by)


def _check_writable(path: Path) -> None:
    """Refuse a path where nothing can be written, now or once its folder is made."""
    nearest = next(folder for folder in path.absolute().parents if os.path.lexists(folder))
    if path.is_dir():
        nearest = path
    if not nearest.is_dir():
        raise NotADirectoryError(f"'{path}' cannot be written, because '{nearest}' is no folder.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(f"'{path}' cannot be written: '{nearest}' is write-protected.")
