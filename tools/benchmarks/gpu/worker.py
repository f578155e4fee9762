"""A process that looks at parts, and is replaced if it dies or hangs: a kernel can do both."""

import multiprocessing
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from gpu.parts import Part
from gpu.row import Row, failed

if TYPE_CHECKING:
    from gpu.setting import Setting

END = 'end'


class Worker:
    """Looks at parts in a process of its own, started when it is needed.

    Args:
        setting: Options of :class:`gpu.setting.Setting`.
    """

    def __init__(self, **setting):
        self._setting = setting
        self._process, self._pipe = None, None

    def rows(self, part: Part, seconds: float) -> Iterator[Row]:
        """Yield the rows of a part, and if need be one that says how its process ended.

        Args:
            part: To look at.
            seconds: After which the process is ended.
        """
        if self._process is None:
            self._start()
        self._pipe.send(part)
        end = time.monotonic() + seconds
        while True:
            if not self._pipe.poll(max(0.0, end - time.monotonic())):
                self.close()
                yield Row(part.name, dict(error=f'not done after {seconds:.0f} s'), 'FAILED')
                return
            try:
                said = self._pipe.recv()
            except EOFError:
                self._process.join()
                code = self._process.exitcode
                self.close()
                yield Row(part.name, dict(error=f'its process ended with status {code}'), 'FAILED')
                return
            if said == END:
                return
            yield said

    def close(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None

    def _start(self) -> None:
        context = multiprocessing.get_context('spawn')
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, self._setting), daemon=False)
        self._process.start()
        theirs.close()


def look_at(part: Part, setting: 'Setting') -> Iterator[Row]:
    """Yield the rows of a part in this process, and in place of an error one that names it."""
    try:
        yield from part.rows(setting)
        setting.clear()
    except Exception as error:
        yield failed(part.name, error)


def _serve(pipe: Connection, options: dict) -> None:
    from gpu.setting import Setting

    setting = Setting(**options)
    while True:
        try:
            part = pipe.recv()
        except EOFError:
            return
        for row in look_at(part, setting):
            pipe.send(row)
        # After an error in a kernel, nothing works in this process any more: it ends here.
        setting.wait()
        pipe.send(END)
