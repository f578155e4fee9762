"""The bytes of an image file, from regular files alone and never more than asked for."""

import io
import os
import stat
from typing import BinaryIO

import mmengine.fileio as fileio
from mmengine.fileio import LocalBackend

from mmcnx2.datasets.addresses import is_address, read_address
from mmcnx2.datasets.image_limits import MAX_BYTES, UnreadableImageError
from mmcnx2.datasets.image_table import read_row, split_row, table_file
from mmcnx2.datasets.zip_archive import read_member, split_path

KINDS = {
    stat.S_IFIFO: 'a pipe',
    stat.S_IFSOCK: 'a socket',
    stat.S_IFCHR: 'a device',
    stat.S_IFBLK: 'a device',
    stat.S_IFDIR: 'a folder',
}
"""File type bits of a mode to what people call it."""


def read_image_file(
    path: str | os.PathLike, *, max_bytes: int = MAX_BYTES, backend_args: dict | None = None
) -> bytes:
    """Return the contents of an image file.

    A pipe that nobody writes to does not stop it, and a device that never ends is not read.

    Args:
        path: Path or address of the file; links to regular files are fine, and so are files
            within a zip archive, ``photos.zip/a.jpg``, and rows of a table, ``cats.parquet/7``.
        max_bytes: A larger file is refused.
        backend_args: mmengine's file back end, for paths that are no local files.

    Raises:
        AddressError: If what lies at the address cannot be read now.
        UnreadableImageError: If it is no regular file, or too large.
        OSError: If it cannot be read.
    """
    if backend_args is None and (row := split_row(os.fspath(path))):
        found = read_row(*row, max_bytes=max_bytes)
        return found if isinstance(found, bytes) else read_image_file(found, max_bytes=max_bytes)
    if backend_args is None and is_address(os.fspath(path)):
        return read_address(os.fspath(path), max_bytes=max_bytes)
    backend = fileio.get_file_backend(path, backend_args=backend_args)
    if not isinstance(backend, LocalBackend):
        data = backend.get(path)
        _check_size(len(data), max_bytes)
        return data
    try:
        with open_image_file(path) as file:
            _check_size(os.fstat(file.fileno()).st_size, max_bytes)
            return file.read(max_bytes)
    except NotADirectoryError:
        if (within := split_path(os.fspath(path))) is None:
            raise
    return read_member(*within, max_bytes=max_bytes)


def file_around(path: str) -> str:
    """Return the file that an image lies in: an archive, a table, or the image's own."""
    if row := split_row(path):
        return table_file(row[0])
    within = split_path(path)
    return within[0] if within else path


def open_within(path: str) -> BinaryIO:
    """Open an image as :func:`open_image_file` does, or what lies in an archive or a table."""
    if file_around(os.fspath(path)) == path:
        return open_image_file(path)
    return io.BytesIO(read_image_file(path))


def open_image_file(path: str | os.PathLike) -> BinaryIO:
    """Open a regular file, or a link to one, for reading.

    Raises:
        UnreadableImageError: If it is something else.
        OSError: If it cannot be opened.
    """
    file = open(path, 'rb', opener=_open_at_once)
    mode = os.fstat(file.fileno()).st_mode
    if not stat.S_ISREG(mode):
        file.close()
        kind = KINDS.get(stat.S_IFMT(mode), 'something else')
        raise UnreadableImageError(f'it is {kind}, but a regular file was expected.')
    return file


def _open_at_once(path: str, flags: int) -> int:
    # Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
    return os.open(path, flags | getattr(os, 'O_NONBLOCK', 0))


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise UnreadableImageError(
            f'it has {size} bytes, more than max_bytes={max_bytes}: reduce it, or raise max_bytes '
            'of the transform that reads it.'
        )
