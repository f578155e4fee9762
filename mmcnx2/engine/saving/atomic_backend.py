"""Files that are there whole or not at all, whatever kills the process that writes them."""

import os
from collections.abc import Iterator
from pathlib import Path

from mmengine.fileio import register_backend
from mmengine.fileio.backends import LocalBackend

from mmcnx2.checkpoints.integrity import find_damage
from mmcnx2.processes.pace import rest

PART = '.mmcnx2-unfinished'
"""Ends the names of files that are being written: nothing else is called so."""


@register_backend('mmcnx2_atomic', force=True)
class AtomicBackend(LocalBackend):
    """A local folder as mmengine's file back end, ``backend_args=dict(backend='mmcnx2_atomic')``.

    Bytes go to a hidden file beside it, are flushed to the disk and, where they are an
    archive with checksums (``torch.save`` makes one), read back. Only then they take the name, in
    one step of the file system. An older file of that name stays until then.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write a file.

        Args:
            obj: Its contents.
            filepath: Its path; folders are made.

        Raises:
            OSError: It cannot be written, for instance because the disk is full, or what is read
                back differs. Nothing is left behind.
        """
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = part_of(path)
        try:
            with open(part, 'wb') as file:
                for piece in _pieces_of(obj):
                    file.write(piece)
                    rest()
                file.flush()
                os.fsync(file.fileno())
            if reason := find_damage(part):
                raise OSError(f"'{path}' did not reach the disk whole: {reason}.")
            os.replace(part, path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        _flush_folder(path.parent)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write a text file. See :meth:`put` for errors."""
        self.put(obj.encode(encoding), filepath)


def part_of(path: Path) -> Path:
    """Return where a file is written before it takes its name."""
    return path.with_name(f'.{path.name}{PART}')


def remove_parts(folder: str | Path) -> None:
    """Remove what killed processes left half-written in a folder."""
    for part in Path(folder).glob(f'.*{PART}'):
        part.unlink(missing_ok=True)


def _pieces_of(obj: bytes, size: int = 1 << 22) -> Iterator[memoryview]:
    """Yield bytes in pieces that are written in milliseconds."""
    with memoryview(obj) as view:
        for start in range(0, len(view), size):
            yield view[start : start + size]


def _flush_folder(folder: Path) -> None:
    """Have the new name survive a power cut, where folders can be flushed."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:  # some network file systems refuse
        pass
    finally:
        os.close(descriptor)
