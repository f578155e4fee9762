"""Processes that wait until they are killed, with a lock or without."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mmcnx2.engine.resuming.lock import FolderLock


def in_child(work: Callable[[], str]) -> tuple[int, str]:
    """Run something in a process that then waits; return its number and what it said."""
    read, write = os.pipe()
    if not (child := os.fork()):
        try:
            os.write(write, work().encode())
            signal.pause()
        finally:
            os._exit(1)
    said = os.read(read, 1000).decode()
    os.close(read)
    os.close(write)
    return child, said


def hold_lock(folder: Path) -> str:
    """Lock a folder."""
    FolderLock(folder).acquire()
    return 'held'


@contextmanager
def locked_elsewhere(folder: Path) -> Iterator[int]:
    """Within, another process has locked a folder; yields its number."""
    child, said = in_child(lambda: hold_lock(folder))
    assert said == 'held'
    try:
        yield child
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
