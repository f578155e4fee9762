"""One run at a time in a work folder."""

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mmcnx2.engine.resuming.refusal import CannotStartError

_HELD = (errno.EACCES, errno.EAGAIN)
_NO_LOCKS_HERE = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


class FolderLock:
    """Keeps other processes from training in a folder.

    The kernel holds the lock (POSIX, ``fcntl``) for this process and takes it back when the process
    ends, however it ends. Loading processes do not inherit it, so that those a killed run leaves
    behind hold nothing. Network file systems pass it on where they are mounted with locks: NFS 4
    does so by itself, NFS 3 unless mounted ``nolock``, Lustre with ``-o flock``. A machine that
    vanishes from the network holds its lock until the server gives it up.

    The file ``run.lock`` names the holder and stays; alone it locks nothing. A process may lock
    what it has locked: it trains one run at a time.

    Args:
        folder: Folder of the run.
    """

    FILE = 'run.lock'

    def __init__(self, folder: str | Path):
        self.path = Path(folder) / self.FILE
        self._descriptor = None

    @property
    def held(self) -> bool:
        """Whether the folder is locked. After :meth:`acquire` it is, where there are locks."""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Lock the folder, which is made if need be.

        Where the file system has no locks nothing is done, and :attr:`held` stays False.

        Raises:
            CannotStartError: Another process holds it, or the folder cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            descriptor = os.open(self.path, flags, 0o666)
        except OSError as error:
            raise CannotStartError(
                f"work folder '{self.path.parent}' cannot be written ({error.strerror}): give "
                'another one with --work-dir, or permission to write there.'
            ) from error
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = _holder(descriptor)
            os.close(descriptor)
            if error.errno in _NO_LOCKS_HERE:
                return
            if error.errno not in _HELD:
                raise
            raise CannotStartError(
                f"another run is training in '{self.path.parent}' ({holder}): wait for its end or "
                'stop it, or train in another folder with --work-dir.'
            ) from None
        self._descriptor = descriptor
        mine = dict(
            host=socket.gethostname(), pid=os.getpid(), since=time.strftime('%Y-%m-%d %H:%M:%S')
        )
        with suppress(OSError):  # a full disk, on which the lock holds all the same
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(mine).encode())

    def release(self) -> None:
        """Let others in."""
        # Closing any descriptor of the file gives this process's lock back, so that none is closed
        # by chance: not by a garbage collector either.
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def lock(folders: Iterable[str | Path]) -> list[FolderLock]:
    """Lock all folders of a run, or none.

    Raises:
        CannotStartError: See :meth:`FolderLock.acquire`.
    """
    locks = [FolderLock(folder) for folder in folders]
    try:
        for each in locks:
            each.acquire()
    except CannotStartError:
        for each in locks:
            each.release()
        raise
    return locks


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 1000, 0))
        return f'process {holder["pid"]} on {holder["host"]}, since {holder["since"]}'
    except (OSError, ValueError, KeyError, TypeError):
        return 'its process is not named'
