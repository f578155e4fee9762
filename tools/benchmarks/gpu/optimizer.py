"""What the groups of an optimizer cost: one a parameter, as mmengine makes them, or two."""

from collections.abc import Iterator

import torch

from gpu.comparison import compare
from gpu.networks import LR, groups, pretraining
from gpu.row import Row
from gpu.setting import Setting


def measure(setting: Setting) -> Iterator[Row]:
    """Yield rows of AdamW on Base."""
    net = pretraining(setting, 'base', 'packed', 'torch')
    parameters = list(net.parameters())
    for parameter in parameters:
        parameter.grad = torch.randn_like(parameter)
    apart = [dict(params=[parameter]) for parameter in parameters]
    made = {
        'a group a parameter, foreach': (apart, dict(foreach=True)),
        'a group a parameter, fused': (apart, dict(fused=True)),
        'two groups, foreach': (groups(parameters), dict(foreach=True)),
        'two groups, fused': (groups(parameters), dict(fused=True)),
    }
    steps = {
        name: torch.optim.AdamW(given, lr=LR, **how).step for name, (given, how) in made.items()
    }
    yield from compare(setting, f'AdamW on base, {len(parameters)} parameters', steps)
