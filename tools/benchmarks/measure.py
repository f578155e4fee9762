"""What every benchmark here shares: interleaved medians, and the peak memory of a fresh process."""

import ctypes
import statistics
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import torch


def interleaved_medians(
    steps: Mapping[str, Callable[[], object]],
    *,
    device: str,
    rounds: int,
    warmup: int = 2,
    on_round: Callable[[int], object] = lambda _: None,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Time several functions side by side.

    Machines slow down and speed up by tens of percent within minutes. In each round every function
    runs once, so a slow minute meets them all, and the median forgets the odd round.

    Args:
        steps: Functions to time, by name.
        device: 'cuda' synchronizes around each call.
        rounds: Calls of each that count.
        warmup: Calls of each that do not.
        on_round: Told the number of each finished round, from 1; for progress.
        clock: Seconds; ``time.process_time`` for what one thread of a loaded machine needs.

    Returns:
        Median seconds of one call, by name.
    """
    wait = torch.cuda.synchronize if device == 'cuda' else lambda: None
    seconds = {name: [] for name in steps}
    for number in range(1, warmup + rounds + 1):
        for name, step in steps.items():
            wait()
            start = clock()
            step()
            wait()
            if number > warmup:
                seconds[name].append(clock() - start)
        on_round(number)
    return {name: statistics.median(values) for name, values in seconds.items()}


def peak_memory(prepare: Callable[..., Callable[[], object]], *args, device: str) -> int:
    """Return the bytes that a step needs beyond what lay in memory before it, at its peak.

    On a CPU this is what the operating system gave to a fresh process, the libraries' scratch
    included; on a GPU, what torch's allocator handed out.

    Args:
        prepare: Called with ``args`` in that process, returns the step. Importable by name.
        args: Picklable.
        device: 'cpu' or 'cuda'.
    """
    with ProcessPoolExecutor(1, mp_context=get_context('forkserver')) as pool:
        return pool.submit(_peak_of_this_process, prepare, args, device).result()


def _peak_of_this_process(prepare, args, device):
    step = prepare(*args)
    step()  # loads libraries and lays gradients out, which must not count
    if device == 'cuda':
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        step()
        return torch.cuda.max_memory_allocated() - before
    ctypes.CDLL(None).malloc_trim(0)  # else what the first step freed would be free of charge
    before = _status_bytes('VmRSS')
    Path('/proc/self/clear_refs').write_text('5')  # resets the peak, proc(5)
    step()
    return _status_bytes('VmHWM') - before


def _status_bytes(field):
    lines = Path('/proc/self/status').read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(field))
