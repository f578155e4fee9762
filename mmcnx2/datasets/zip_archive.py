"""Files within zip archives, read as they are by paths such as ``photos.zip/a/1.jpg``."""

import os
import zipfile
from functools import lru_cache

from mmcnx2.datasets.image_limits import UnreadableImageError

ENDING = '.zip'
_OPEN = 8  # archives that a process keeps open


def list_members(archive: str) -> list[str]:
    """Return the names of the files in an archive, sorted, without hidden ones.

    Raises:
        ValueError: It is damaged, or none.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            names = [entry.filename for entry in file.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, OSError) as error:
        raise ValueError(f"archive '{archive}' cannot be read ({error}): make it again.") from None
    return sorted(name for name in names if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    # macOS puts what belongs to a file beside it.
    return any(part.startswith('.') or part == '__MACOSX' for part in name.split('/'))


def split_path(path: str) -> tuple[str, str] | None:
    """Return the archive of a path that leads into one, and the name in it; None for others."""
    place = path.lower().find(f'{ENDING}/')
    while place >= 0:
        end = place + len(ENDING)
        if os.path.isfile(path[:end]):
            return path[:end], path[end + 1 :]
        place = path.lower().find(f'{ENDING}/', end)
    return None


def read_member(archive: str, name: str, *, max_bytes: int) -> bytes:
    """Return the contents of a file in an archive.

    Each process opens an archive once and keeps its list of files.

    Raises:
        UnreadableImageError: The file is not there, damaged, encrypted or too large.
        OSError: The archive cannot be read.
    """
    try:
        file = _opened(archive, os.getpid())
        size = file.getinfo(name).file_size
        if size > max_bytes:
            raise UnreadableImageError(f'it has {size} bytes, more than max_bytes={max_bytes}.')
        return file.read(name)
    except KeyError:
        raise UnreadableImageError(f"'{archive}' has no file of that name.") from None
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
        raise UnreadableImageError(f"'{archive}' does not give it: {error}") from None


@lru_cache(_OPEN)
def _opened(archive: str, process: int) -> zipfile.ZipFile:
    """Open an archive, once in a process: after a fork, two would move one place in the file."""
    return zipfile.ZipFile(archive)
