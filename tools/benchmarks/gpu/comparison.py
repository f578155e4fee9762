"""Functions timed side by side: alone, one after another, and what memory they need."""

import time
from collections.abc import Callable, Generator, Mapping

import torch
from measure import interleaved_medians

from gpu.row import Row
from gpu.setting import Setting

Step = Callable[[], object]


def compare(
    setting: Setting, what: str, steps: Mapping[str, Step]
) -> Generator[Row, None, dict[str, float]]:
    """Yield a row for each step, and return the median seconds of each, by name.

    Args:
        setting: Says how often.
        what: What they all do.
        steps: By name. The first call of each may compile.
    """
    rounds = 1 if setting.dry else setting.rounds
    warmup = 1 if setting.dry else 3
    seconds = interleaved_medians(steps, device=setting.device.type, rounds=rounds, warmup=warmup)
    for name, step in steps.items():
        launched, done = back_to_back(setting, step, rounds)
        yield Row(
            f'{what}: {name}',
            dict(
                ms=1e3 * seconds[name],
                ms_back_to_back=1e3 * done,
                ms_of_the_host=1e3 * launched,
                GiB_beyond_weights=peak_memory(setting, step) / 2**30,
            ),
        )
    return seconds


def back_to_back(setting: Setting, step: Step, count: int) -> tuple[float, float]:
    """Return the seconds a step that launching takes, and those until it is done."""
    setting.wait()
    start = time.perf_counter()
    for _ in range(count):
        step()
    launched = time.perf_counter() - start
    setting.wait()
    return launched / count, (time.perf_counter() - start) / count


def peak_memory(setting: Setting, step: Step) -> int:
    """Return the bytes that tensors take at a step's peak beyond those that were there before."""
    if setting.dry:
        step()
        return 0
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    step()
    return torch.cuda.max_memory_allocated() - before


def seconds_of(setting: Setting, function: Step) -> float:
    """Return the median seconds of a short function by the device's own clock; dry, 1."""
    if setting.dry:
        function()
        return 1.0
    from triton.testing import do_bench

    return do_bench(function, warmup=10, rep=40, return_mode='median') / 1e3
