"""Facts of files that were read before: still true while name, size and time are the same."""

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmcnx2.datasets.user_cache import user_cache

VERSION = 2
"""Of the facts: a file with another one is not read."""


class FactsCache:
    """Facts of the files of one folder, in one file of the user's cache.

    It may be removed at any time. Where it cannot be written, everything is read again the next
    time.

    Args:
        folder: Folder of the files.
        kind: Kind of the facts, as different readers find different ones.
    """

    def __init__(self, folder: str | os.PathLike, kind: str):
        self._head = dict(version=VERSION, folder=os.path.abspath(folder), kind=kind)
        digest = hashlib.sha256(json.dumps(self._head).encode()).hexdigest()[:32]
        self._path = user_cache('data') / f'{digest}.json'
        self._facts = self._load()

    def get(self, path: str, status: os.stat_result) -> list | None:
        """Return the facts of a file, None if they are not known or it has changed."""
        size, time, facts = self._facts.get(self._name(path), (None, None, None))
        return facts if (size, time) == (status.st_size, status.st_mtime_ns) else None

    def put(self, path: str, status: os.stat_result, facts: list) -> None:
        """Remember the facts of a file, of which ``status`` was taken before it was read."""
        self._facts[self._name(path)] = [status.st_size, status.st_mtime_ns, facts]

    def save(self) -> None:
        """Write what is known, whole or not at all, and remove the caches of folders that went."""
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            part = self._path.with_suffix(f'.{os.getpid()}.part')
            with open(part, 'w', encoding='utf-8', errors='surrogateescape') as file:
                file.write(json.dumps(self._head) + '\n' + json.dumps(self._facts))
            os.replace(part, self._path)
            for other in self._path.parent.glob('*.json'):
                head = _head_of(other)
                if not os.path.isdir(head.get('folder', '')):
                    other.unlink(missing_ok=True)

    def _name(self, path: str) -> str:
        return os.path.relpath(path, self._head['folder'])

    def _load(self) -> dict[str, Any]:
        if _head_of(self._path) != self._head:
            return {}
        try:
            with open(self._path, encoding='utf-8', errors='surrogateescape') as file:
                file.readline()
                return json.load(file)
        except (OSError, ValueError):  # cut off, or not ours
            return {}


def _head_of(path: Path) -> Mapping[str, Any]:
    try:
        with open(path, encoding='utf-8', errors='surrogateescape') as file:
            head = json.loads(file.readline())
    except (OSError, ValueError):
        return {}
    return head if isinstance(head, dict) else {}
