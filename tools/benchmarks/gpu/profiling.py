"""Which kernels a step spends its time in."""

from collections.abc import Callable, Iterator

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity

from gpu.row import Row
from gpu.setting import Setting

STEPS = 2
LONGEST = 15


def profile(setting: Setting, what: str, step: Callable[[], object]) -> Iterator[Row]:
    """Yield the kernels that take longest, and their share of a step."""
    activity = ProfilerActivity.CPU if setting.dry else ProfilerActivity.CUDA
    with torch.profiler.profile(activities=[ProfilerActivity.CPU, activity]) as profiler:
        for _ in range(STEPS):
            step()
        setting.wait()
    # An operation has the time of the kernels that it launched, which are there themselves, too.
    where = DeviceType.CPU if setting.dry else DeviceType.CUDA
    clock = f'self_{"cpu" if setting.dry else "device"}_time_total'
    spent = {
        event.key: (getattr(event, clock), event)
        for event in profiler.key_averages()
        if event.device_type == where
    }
    total = sum(time for time, _ in spent.values()) or 1
    longest = sorted(spent, key=lambda name: -spent[name][0])[: 2 if setting.dry else LONGEST]
    for name in longest:
        time, event = spent[name]
        yield Row(
            f'{what}, in {name[:70]}',
            dict(us=time / STEPS, share=time / total, calls=event.count / STEPS),
        )
