"""Work beside training, in small pieces with rests between them.

A thread that checks and writes a checkpoint takes memory, the other core and Python's lock from the
step that is trained meanwhile. Spread over several steps, it costs each of them next to nothing.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import BufferedReader, BytesIO, FileIO
from pathlib import Path

PIECE = 0.002
"""Seconds of a processor that are worked at least, before a rest: waking up costs some, too."""


class Pace:
    """How fast a thread works.

    Args:
        share: Of its time it computes at most this share, above 0 and up to 1. Waiting for a disk
            is no computing.
    """

    def __init__(self, share: float):
        self._rest_for = 1 / share - 1
        self._hurry = threading.Event()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Within, :func:`rest` keeps this pace. In the thread that works."""
        self._began = time.thread_time()
        token = _KEPT.set(self)
        try:
            yield
        finally:
            _KEPT.reset(token)

    def hurry(self) -> None:
        """Have the thread rest no more: somebody waits for it."""
        self._hurry.set()

    def _rest(self) -> None:
        worked = time.thread_time() - self._began
        if worked < PIECE or not threading.main_thread().is_alive():  # that one waits at its end
            return
        self._hurry.wait(worked * self._rest_for)
        self._began = time.thread_time()


_KEPT: ContextVar[Pace | None] = ContextVar('pace', default=None)


def rest() -> None:
    """Rest from what was done since the last time, if a pace is kept: say so between pieces."""
    if pace := _KEPT.get():
        pace._rest()


class PacedBytes(BytesIO):
    """Memory that is written to at the pace that is kept."""

    def write(self, data) -> int:
        """Write, then rest."""
        written = super().write(data)
        rest()
        return written


class PacedReader(BufferedReader):
    """A file that is read at the pace that is kept.

    Args:
        path: Of the file.
    """

    def __init__(self, path: str | Path):
        super().__init__(FileIO(path))

    def read(self, size: int | None = -1) -> bytes:
        """Rest, then read."""
        rest()
        return super().read(size)
