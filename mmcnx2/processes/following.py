"""A process that goes when the one that started it is gone, however abruptly."""

import os
import signal
import threading
import time

_STARTER = 'MMCNX2_STARTED_BY'


def followed() -> dict[str, str]:
    """Return the environment variable with which started tools follow this process."""
    return {_STARTER: str(os.getpid())}


def follow_starter() -> None:
    """Tell this process to go (SIGTERM) within a second of the death of the one that started it.

    Nothing happens if nobody asked for it: a run started from a shell outlives the shell. torchrun
    and whoever starts a process with :func:`followed` ask.
    """
    starter = os.environ.pop(_STARTER, None)
    if starter is None and 'TORCHELASTIC_RUN_ID' not in os.environ:
        return
    parent = os.getppid()
    # They are one, unless a script stands between them, or the starter is gone by now.
    watched = parent, int(starter or parent)
    threading.Thread(target=_watch, args=watched, daemon=True).start()


def _watch(parent: int, starter: int) -> None:
    while os.getppid() == parent and _exists(starter):
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
