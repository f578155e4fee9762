"""Checkpoints that a thread writes while training goes on."""

import copy
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import torch
from mmengine.fileio import get_file_backend, register_backend
from mmengine.fileio.backends import BaseStorageBackend

from mmcnx2.processes.pace import Pace, PacedBytes

SHARE = 0.05
"""Of the time, the thread computes for so much at most, while training goes on."""


class Parcel:
    """Checkpoints on their way from the thread that trains to the one that writes.

    mmengine gathers a checkpoint, asks hooks to look at it, and has a file back end write it at
    once. Here, while the parcel is open, the hook takes a copy of it (:meth:`take`), and
    :class:`ParcelBackend` notes where it belongs (:meth:`address`).
    """

    def __init__(self):
        self._taken: dict[str, Any] | None = None
        self._files: list[tuple[str, dict[str, Any]]] = []

    @contextmanager
    def open(self) -> Iterator[None]:
        """Have the back end of this thread mean this parcel."""
        token = _OPEN.set(self)
        try:
            yield
        finally:
            _OPEN.reset(token)

    def take(self, checkpoint: dict[str, Any]) -> None:
        """Copy a checkpoint, and leave it empty: nothing else is to be written of it.

        Tensors that share memory share it in the copy, too, so the file is the same.

        Args:
            checkpoint: Tensors in the memory of the machine, in plain containers.
        """
        self._taken = copy.deepcopy(checkpoint)
        checkpoint.clear()

    def address(self, path: str | Path) -> None:
        """Say where the checkpoint belongs that was taken last."""
        self._files.append((str(path), self._taken))
        self._taken = None

    def write(self, check: Callable[[Mapping], None], backend_args: dict | None) -> None:
        """Write them, in order.

        Args:
            check: Looks at each of them before, and raises what is in the way.
            backend_args: Backend args of the file back end that writes.

        Raises:
            OSError: One cannot be written; those behind it are not tried.
        """
        while self._files:
            path, checkpoint = self._files.pop(0)
            check(checkpoint)
            with PacedBytes() as file:
                torch.save(checkpoint, file)
                get_file_backend(path, backend_args=backend_args).put(file.getvalue(), path)


# mmengine passes a back end nothing that is not JSON.
_OPEN: ContextVar[Parcel] = ContextVar('open parcel')


@register_backend('mmcnx2_parcel', force=True)
class ParcelBackend(BaseStorageBackend):
    """A file back end that writes nothing, but notes in the open parcel what belongs where.

    Args:
        backend_args: Backend args of the back end that will write.
    """

    def __init__(self, backend_args: dict | None = None):
        self._backend_args = backend_args

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Note where what was taken belongs."""
        _OPEN.get().address(filepath)

    def join_path(self, filepath: str, *filepaths: str) -> str:
        """Join paths as the back end does that will write."""
        backend = get_file_backend(filepath, backend_args=self._backend_args)
        return backend.join_path(filepath, *filepaths)

    def get(self, filepath: str | Path) -> bytes:
        """Refuse: this is for writing.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError('what a parcel holds is read from nowhere.')

    get_text = get


class OneAtATime:
    """A thread that does one thing at a time. Python waits for it before the process ends.

    It takes its time (:mod:`mmcnx2.processes.pace`), until somebody waits for it.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str):
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._running: Future | None = None
        self._pace = Pace(SHARE)

    @property
    def idle(self) -> bool:
        """Whether nothing was started whose result was not asked for."""
        return self._running is None

    @property
    def done(self) -> bool:
        """Whether :meth:`result` would not have to wait."""
        return self._running is not None and self._running.done()

    def start(self, work: Callable[[], Any]) -> None:
        """Begin something.

        Raises:
            RuntimeError: The result of what came before was not asked for.
        """
        if not self.idle:
            raise RuntimeError('the thread is not idle: ask for the result first.')
        self._pace = Pace(SHARE)
        self._running = self._pool.submit(_at, self._pace, work)

    def result(self) -> Any:
        """Wait for it, who hurries now, and return or raise what it did."""
        self._pace.hurry()
        running, self._running = self._running, None
        return running.result()


def _at(pace: Pace, work: Callable[[], Any]) -> Any:
    with pace.kept():
        return work()
