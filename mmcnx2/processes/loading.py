"""Loading processes that leave signals to their parent, and go when it goes."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.util import Finalize

from torch.utils.data import DataLoader

from mmcnx2.processes.signals import MAY_TELL


def let_parent_decide(loader: DataLoader) -> None:
    """Have the workers that a loader will start ignore the signals that tell a job to go.

    Whoever is told tells the whole job, often more than once; the parent still needs batches for
    the step that it saves after. A worker ends when its loader ends it, when its parent ends, or
    within a second of its parent's death, whatever it is at.

    Args:
        loader: Whose workers have not been started; a second call changes nothing.
    """
    if isinstance(loader.worker_init_fn, _WorkerStart):
        return
    heard, say = multiprocessing.Pipe(duplex=False)
    loader.worker_init_fn = _WorkerStart(loader.worker_init_fn, heard)
    # Before multiprocessing's own exit function waits for the workers, to which it sends SIGTERM.
    Finalize(loader.worker_init_fn, _say_end, args=(say, heard), exitpriority=10)


def end_workers(loader: DataLoader) -> None:
    """End the persistent workers of a loader, in order.

    If they load into pinned memory, torch would wait at exit for each of them, 5 s long.
    """
    shut_down = getattr(getattr(loader, '_iterator', None), '_shutdown_workers', None)
    if shut_down:
        shut_down()


class _WorkerStart:
    """What a worker does first: a ``worker_init_fn`` around the one that was there."""

    def __init__(self, start: Callable | None, heard: Connection):
        self.start, self.heard = start, heard

    def __call__(self, worker: int) -> None:
        for name in MAY_TELL:
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        parent = os.getppid()
        threading.Thread(target=_end_with, args=(parent, self.heard), daemon=True).start()
        if self.start:
            self.start(worker)


def _say_end(say: Connection, heard: Connection) -> None:
    say.send_bytes(b'end')  # never read, so all workers hear it


def _end_with(parent: int, heard: Connection) -> None:
    while not heard.poll(1) and os.getppid() == parent:
        pass
    os._exit(0)  # any other status, torch would report in the parent as a failure
