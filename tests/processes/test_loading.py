"""Loading processes leave signals to their parent, and are never left behind."""

import multiprocessing
import os
import re
import signal
import time
from pathlib import Path

import pytest
from torch.utils.data import DataLoader

from mmcnx2.analysis import features
from mmcnx2.processes.loading import end_workers, let_parent_decide
from mmcnx2.processes.signals import MAY_TELL
from tests.support.numbers import Numbers

FORK = multiprocessing.get_context('fork')


def workers_of(iterator) -> list[int]:
    return [worker.pid for worker in iterator._workers]


def is_alive(process: int) -> bool:
    """Tell whether a process is there and has not ended; nobody waits for orphans here."""
    try:
        with open(f'/proc/{process}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


def wait_until_gone(processes: list[int]) -> None:
    for _ in range(300):
        if not any(map(is_alive, processes)):
            return
        time.sleep(0.1)
    raise AssertionError('processes are left behind')


@pytest.mark.parametrize('context', ['fork', 'spawn'])
def test_workers_outlive_every_signal_that_tells_the_job_to_go(context):
    loader = DataLoader(Numbers(40), num_workers=1, multiprocessing_context=context)
    let_parent_decide(loader)
    iterator = iter(loader)
    found = [int(next(iterator))]
    for name in (*MAY_TELL, *MAY_TELL):
        os.kill(*workers_of(iterator), getattr(signal, name))
    assert found + [int(number) for number in iterator] == list(range(40))


def test_what_a_worker_did_first_it_still_does():
    numbers = Numbers()
    loader = DataLoader(
        numbers, num_workers=1, worker_init_fn=lambda worker: setattr(numbers, 'stuck_at', 'never')
    )
    let_parent_decide(loader)
    start = loader.worker_init_fn
    let_parent_decide(loader)
    assert loader.worker_init_fn is start
    start.start(0)
    assert numbers.stuck_at == 'never'
    assert len(list(loader)) == 8


def ignores_signals(process: int) -> bool:
    """Whether a worker has begun: until then SIGTERM ends it."""
    status = Path(f'/proc/{process}/status').read_text()
    return bool(int(re.search(r'SigIgn:\s*(\w+)', status)[1], 16) >> (signal.SIGTERM - 1) & 1)


def load_and(end: str, tell) -> None:
    loader = DataLoader(Numbers(stuck_at=2), num_workers=2, persistent_workers=True)
    let_parent_decide(loader)
    other = DataLoader(Numbers(stuck_at=0), num_workers=1)  # which inherits the first one's files
    let_parent_decide(other)
    iterators = iter(loader), iter(other)
    next(iterators[0])
    workers = [*workers_of(iterators[0]), *workers_of(iterators[1])]
    while not all(map(ignores_signals, workers)):
        time.sleep(0.01)
    tell.send(workers)
    if end == 'killed':
        os.kill(os.getpid(), signal.SIGKILL)
    load_and.kept = iterators  # nothing but the end of the process ends them


@pytest.mark.parametrize('end', ['killed', 'ended'])
def test_workers_end_with_their_parent_whatever_they_are_at(end):
    """One is stuck in a sample, where torch does not look whether the parent is there."""
    hear, tell = FORK.Pipe(duplex=False)
    parent = FORK.Process(target=load_and, args=(end, tell))
    parent.start()
    workers = hear.recv()
    parent.join(60)
    assert parent.exitcode == (-signal.SIGKILL if end == 'killed' else 0)
    assert len(workers) == 3
    wait_until_gone(workers)


def test_persistent_workers_can_be_ended_in_order():
    loader = DataLoader(Numbers(), num_workers=1, persistent_workers=True)
    let_parent_decide(loader)
    assert len(list(loader)) == 8
    workers = list(loader._iterator._workers)
    end_workers(loader)
    assert [worker.exitcode for worker in workers] == [0]


def test_a_loader_without_workers_has_none_to_end():
    end_workers(DataLoader(Numbers()))


def test_the_loaders_of_other_hooks_leave_signals_alone_too(monkeypatch):
    monkeypatch.setattr(
        features.Runner, 'build_dataloader', lambda settings, seed: DataLoader(Numbers())
    )
    start = features.labelled_images(dict()).worker_init_fn
    assert type(start) is type(_protected().worker_init_fn)


def _protected() -> DataLoader:
    loader = DataLoader(Numbers())
    let_parent_decide(loader)
    return loader
