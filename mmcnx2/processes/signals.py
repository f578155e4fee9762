"""The signals that tell a process to go, and the status that it then ends with. Python alone."""

import os
import signal
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

TOLD_BY = ('SIGTERM', 'SIGUSR1', 'SIGINT', 'SIGHUP', 'SIGQUIT')
"""What schedulers, people and closed terminals send."""
MAY_TELL = tuple(
    name
    for name in (*TOLD_BY, 'SIGUSR2', 'SIGXCPU', 'SIGPWR')
    if name in signal.Signals.__members__
)
"""All that can. Others report a fault, stop and continue a process, or are Python's and torch's."""
TRY_AGAIN = 75
"""``EX_TEMPFAIL``: a temporary failure that is worth another try."""
STOPPED = 128 + signal.SIGINT
"""What shells expect after Ctrl-C."""
BEFORE_TRAINING = 'before the first step: nothing new is there to save'
"""What is said, behind the signal's name, of a training that is told to go so early."""


def status_after(number: int, try_again: int = TRY_AGAIN) -> int:
    """Return the status to end with.

    Args:
        number: Number of the signal.
        try_again: The status after all signals but SIGINT.
    """
    return STOPPED if number == signal.SIGINT else try_again


def listen(numbers: Iterable[int], handler: Callable) -> dict[int, Callable]:
    """Have signals handled, but not those that this process was started to ignore (``nohup``).

    A forked child, which inherits the handler, obeys the signals as it would without it.

    Args:
        numbers: Numbers of the signals.
        handler: As ``signal.signal`` takes it.

    Returns:
        What handled them before.
    """
    heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    # None stands for a handler that Python did not set and cannot set again.
    return {
        number: signal.signal(number, _InThisProcess(handler)) or signal.SIG_DFL for number in heard
    }


def leave_when_told(when: str = BEFORE_TRAINING) -> None:
    """End at once when told to go, as tools do from their first line on: nothing new is there yet.

    Importing torch and preparing a run take their time.

    Args:
        when: What to say behind the signal's name.
    """
    listen([signal.Signals[name] for name in TOLD_BY], partial(leave_at_once, when=when))


def leave_at_once(
    number: int, frame, *, try_again: int = TRY_AGAIN, when: str = BEFORE_TRAINING
) -> None:
    """A handler that ends the process. See :func:`status_after` for the arguments."""
    name = signal.Signals(number).name
    try:
        os.write(2, f'{name} {when}.\n'.encode())
    finally:  # also if nobody listens any more
        os._exit(status_after(number, try_again))


def leave_closed_terminal() -> None:
    """Let what is written to a terminal that is closed go nowhere, instead of failing."""
    for stream in (1, 2):
        with suppress(OSError):  # it may be closed itself
            if stat.S_ISCHR(os.fstat(stream).st_mode) and not os.isatty(stream):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream)
                os.close(nowhere)


class _InThisProcess:
    """A handler that forked children do not share."""

    def __init__(self, handler: Callable):
        self.handler, self.process = handler, os.getpid()

    def __call__(self, number: int, frame) -> None:
        if os.getpid() == self.process:
            self.handler(number, frame)
        else:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
