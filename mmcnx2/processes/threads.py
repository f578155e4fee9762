"""Threads for the cores that a process really has, which sleep while they wait.

OpenMP's threads spin at every barrier, so that the next loop starts at once. Where another process
wants a core, too, they spin away the very time that the thread they wait for would need, and a step
takes ten times as long. It reads how to wait, and how many threads to start, when it is loaded:
before torch, or never. So this needs nothing but Python.
"""

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

THREADS = 'OMP_NUM_THREADS'
WAITING = {'OMP_WAIT_POLICY': 'PASSIVE'}
"""How OpenMP's threads wait. GNU's and LLVM's both read it."""
_SAID_BY_USERS = {*WAITING, 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME', 'KMP_LIBRARY'}
_CHOSEN = 'MMCNX2_CHOSEN_THREADS'


def settle_threads(
    *, processes: int | None = None, environment: MutableMapping[str, str] = os.environ
) -> None:
    """Say in the environment how OpenMP is to run here and in what is started from here.

    What is set there already stays. Must be called before torch is imported.

    Args:
        processes: How many share this machine's cores; None asks the launcher's variables.
        environment: Changed in place.
    """
    chosen = {}
    if not _SAID_BY_USERS & environment.keys():
        chosen |= WAITING
    if THREADS not in environment:
        chosen[THREADS] = str(own_cores(processes=processes, environment=environment))
    if chosen:
        environment.update(chosen)
        said = {*environment.get(_CHOSEN, '').split(), *chosen}
        environment[_CHOSEN] = ' '.join(sorted(said))


def is_chosen(name: str, environment: MutableMapping[str, str] = os.environ) -> bool:
    """Whether a variable's value is :func:`settle_threads`' choice, and not the user's."""
    return name in environment.get(_CHOSEN, '').split()


def describe_threads(environment: MutableMapping[str, str] = os.environ) -> str:
    """Say which variables are set, and who has set them."""
    names = [THREADS, *sorted(_SAID_BY_USERS)]
    said = [
        f'{name}={environment[name]}{" (chosen)" if is_chosen(name, environment) else ""}'
        for name in names
        if name in environment
    ]
    return f'{count_cores()} cores; {", ".join(said) or "OpenMP waits as it likes"}'


def own_cores(
    *, processes: int | None = None, environment: MutableMapping[str, str] = os.environ
) -> int:
    """Return how many cores this process has for itself, at least 1.

    Args:
        processes: How many share the machine's; None takes torchrun's ``LOCAL_WORLD_SIZE``, or,
            under Slurm, what a task was given (``SLURM_CPUS_PER_TASK``).
        environment: That names those.
    """
    cores = count_cores()
    if processes is None and 'LOCAL_WORLD_SIZE' not in environment:
        return min(cores, _whole(environment.get('SLURM_CPUS_PER_TASK')) or cores)
    return max(1, cores // (processes or _whole(environment.get('LOCAL_WORLD_SIZE')) or 1))


def count_cores(root: Path = Path('/')) -> int:
    """Return how many cores this process may keep busy, at least 1.

    Those that it may run on (its affinity), or as many as its cgroup's quota of processor time
    comes to, whole ones, if that is less: a thread more, and all are halted in every period.

    Args:
        root: Where ``proc`` and ``sys`` are.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        cores = os.cpu_count() or 1
    return max(1, int(min([cores, *_quotas(root)])))


def _quotas(root: Path) -> Iterator[float]:
    """Yield the quotas of this process's cgroups and of all around them, in cores."""
    for line in _read(root / 'proc/self/cgroup').splitlines():
        _, controllers, path = line.split(':', 2)
        if controllers and 'cpu' not in controllers.split(','):
            continue
        mounted = root / 'sys/fs/cgroup' / controllers
        # A container sees its own group where the machine has the topmost one.
        group = mounted / path.lstrip('/')
        for folder in (group, *group.parents):
            if not folder.is_relative_to(mounted):
                break
            if controllers:
                quota, period = (
                    _read(folder / f'cpu.cfs_{part}_us') for part in ('quota', 'period')
                )
            else:
                quota, _, period = _read(folder / 'cpu.max').partition(' ')
            if _whole(quota) and _whole(period):
                yield _whole(quota) / _whole(period)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ''


def _whole(text: str | None) -> int:
    """Return a whole number above 0, or 0 for anything else: 'max', -1, nothing."""
    return int(text) if text and text.isdecimal() else 0
