"""The whole step of pre-training: packed beside masked, eager and compiled."""

from collections.abc import Iterator

import torch

from gpu.comparison import compare, peak_memory
from gpu.networks import compile_blocks, pretraining, training_step
from gpu.profiling import profile
from gpu.row import Row
from gpu.setting import Setting

PACKED, MASKED, PLAIN = 'packed, Triton', 'masked, torch', 'packed, torch'


def eager(setting: Setting, arch: str, batch: int) -> Iterator[Row]:
    """Yield rows of the step as it is, memory and the longest kernels included."""
    steps = {
        name: training_step(setting, pretraining(setting, arch, layout, ops), batch)
        for name, layout, ops in (
            (PACKED, 'packed', setting.ops), (MASKED, 'masked', 'torch'), (PLAIN, 'packed', 'torch')
        )
    }  # fmt: skip
    what = f'pre-training {arch}, batch {batch}'
    seconds = yield from compare(setting, f'{what}, eager', steps)
    yield _ratio(f'{what}, eager', seconds, 'packed over masked, eager', arch)
    packed, masked = (max(peak_memory(setting, steps[name]), 1) for name in (PACKED, MASKED))
    share = packed / masked
    measures = {'peak memory, packed over masked': share} if arch == 'base' else {}
    yield Row(f'{what}: memory, packed over masked', dict(ratio=share), measures=measures)
    for name in (PACKED, MASKED):
        yield from profile(setting, f'{what}, {name}', steps[name])


def compiled(setting: Setting, arch: str, batch: int) -> Iterator[Row]:
    """Yield rows of the step compiled block by block."""
    steps = {
        name: training_step(
            setting, compile_blocks(setting, pretraining(setting, arch, layout, ops)), batch
        )
        for name, layout, ops in ((PACKED, 'packed', setting.ops), (MASKED, 'masked', 'torch'))
    }
    what = f'pre-training {arch}, batch {batch}, compiled blocks'
    seconds = yield from compare(setting, what, steps)
    yield _ratio(what, seconds, 'packed over masked, compiled', arch)


def masked_as_one_graph(setting: Setting, arch: str, batch: int) -> Iterator[Row]:
    """Yield the row of the strongest rival: the whole masked network compiled at once."""
    net = torch.compile(pretraining(setting, arch, 'masked', 'torch'), **setting.compile_options())
    steps = {'masked, torch': training_step(setting, net, batch)}
    yield from compare(setting, f'pre-training {arch}, batch {batch}, one graph', steps)


def _ratio(what: str, seconds: dict[str, float], measure: str, arch: str) -> Row:
    ratio = seconds[MASKED] / seconds[PACKED]
    return Row(
        f'{what}: packed over masked',
        dict(ratio=ratio),
        measures={measure: ratio} if arch == 'base' else {},
    )
