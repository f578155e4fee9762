"""A folder on any file system of fsspec that takes copies of checkpoints and keeps the newest."""

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from mmcnx2.checkpoints.integrity import find_damage
from mmcnx2.engine.saving.atomic_backend import PART, part_of

NOTE = 'mirror.json'
"""Says whose copies there are, and in which order they came."""
CHUNK = 1 << 22


class MirrorError(OSError):
    """Something in the way of a copy that is not the file system's fault."""


class Mirror:
    """Copies of one run's checkpoints.

    A copy is written under another name and takes its own when it is whole: in one step where the
    file system renames (folders, SFTP, HDFS), by a copy within the store where it does not (S3,
    Google Cloud). Only copies that the note there lists are ever removed or written over.

    Args:
        address: A folder, or an address of fsspec such as 's3://bucket/folder'.
        keep: How many copies stay.
        options: Options of fsspec's file system, such as ``dict(profile='mine')`` for S3.

    Raises:
        ValueError: The address cannot be used: nothing knows its kind, or what does is not
            installed, or it does not know an option.
    """

    def __init__(self, address: str, *, keep: int, options: Mapping[str, Any] | None = None):
        from fsspec.core import url_to_fs

        self.address, self.keep = address, keep
        try:
            if '::' in address:
                raise ValueError("'::' chains file systems, and one is expected")
            self._fs, self._root = url_to_fs(address, **(options or {}))
        except ImportError as error:
            raise ValueError(
                f"address='{address}', but what opens such addresses is not installed ({error}): "
                'install that, for S3 with `pip install s3fs`.'
            ) from None
        except Exception as error:  # each file system has its own
            raise ValueError(
                f'address={address!r} cannot be opened ({error}): give a folder, or an address '
                'that fsspec knows, such as s3://bucket/folder.'
            ) from None

    def put(self, folder: str, run: str, file: BinaryIO, name: str) -> None:
        """Copy a file, and remove the oldest copy, if there are too many.

        Args:
            folder: Below the address.
            run: Identity of the run.
            file: Open at its beginning.
            name: Name of the copy.

        Raises:
            MirrorError: The folder is another run's, or a file of this name is none of ours.
            Exception: What the file system raises.
        """
        fs, root = self._fs, f'{self._root.rstrip("/")}/{folder}'
        target, part = f'{root}/{name}', f'{root}/.{name}{PART}'
        fs.makedirs(root, exist_ok=True)
        names = self._own_copies(root, run)
        if name not in names and fs.exists(target):
            raise MirrorError(f"'{target}' is there already, and no copy of this run's")
        try:
            with fs.open(part, 'wb') as copy:
                shutil.copyfileobj(file, copy, CHUNK)
            length, expected = fs.size(part), os.fstat(file.fileno()).st_size
            if length != expected:
                raise MirrorError(f'{length} of {expected} bytes have arrived')
            # Listed first: what the note does not list would be another's for ever.
            names = [*(other for other in names if other != name), name]
            self._write_note(root, run, names)
            fs.mv(part, target)
        except BaseException:
            with suppress(Exception):
                fs.rm_file(part)
            raise
        for old in names[: -self.keep]:
            if fs.exists(f'{root}/{old}'):
                fs.rm_file(f'{root}/{old}')
        self._write_note(root, run, names[-self.keep :])

    def copies(self, folder: str) -> tuple[str | None, list[str]]:
        """Return whose copies there are, None if there are none, and their names, the oldest first.

        Args:
            folder: Below the address.

        Raises:
            MirrorError: The note there cannot be read.
            Exception: What the file system raises.
        """
        return self._read_note(f'{self._root.rstrip("/")}/{folder}')

    def fetch(self, folder: str, name: str, path: Path) -> None:
        """Bring a copy back, whole or not at all.

        Args:
            folder: Below the address.
            name: Name of the copy.
            path: Where to put it.

        Raises:
            MirrorError: It is damaged.
            Exception: What the file system raises.
        """
        part = part_of(path)
        part.parent.mkdir(parents=True, exist_ok=True)
        try:
            with (
                self._fs.open(f'{self._root.rstrip("/")}/{folder}/{name}', 'rb') as copy,
                open(part, 'wb') as file,
            ):
                shutil.copyfileobj(copy, file, CHUNK)
                file.flush()
                os.fsync(file.fileno())
            if damage := find_damage(part):
                raise MirrorError(damage)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)

    def _own_copies(self, root: str, run: str) -> list[str]:
        owner, names = self._read_note(root)
        if owner not in (run, None):
            raise MirrorError(
                f"'{root}' holds copies of another run: give another address, or move them away"
            )
        return names

    def _read_note(self, root: str) -> tuple[str | None, list[str]]:
        path = f'{root}/{NOTE}'
        self._fs.invalidate_cache(root)
        if not self._fs.exists(path):
            return None, []
        try:
            note = json.loads(self._fs.cat_file(path))
            return note['run'], [str(Path(name).name) for name in note['copies']]
        except (ValueError, KeyError, TypeError):
            raise MirrorError(f"'{path}' cannot be read: move it away with what is there") from None

    def _write_note(self, root: str, run: str, names: list[str]) -> None:
        part = f'{root}/.{NOTE}{PART}'
        self._fs.pipe_file(part, json.dumps(dict(run=run, copies=names)).encode())
        self._fs.mv(part, f'{root}/{NOTE}')
