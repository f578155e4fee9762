"""Packages without which nothing, or one kind of task, can be trained.

Upstream: mmseg imports ``ftfy`` and ``regex`` without asking for them
(open-mmlab/mmsegmentation#3704).

The ftfy and regex part can go when mmsegmentation lists them among its requirements.
"""

from collections.abc import Iterator

from mmcnx2.compat.facts import Facts
from mmcnx2.compat.onedl import OFFICIAL, carriers
from mmcnx2.compat.problem import Problem

_TASK = {'mmdet': 'detection', 'mmseg': 'segmentation'}


def check(facts: Facts) -> Iterator[Problem]:
    """Find what is not installed."""
    for name in ('torch', 'torchvision'):
        if name not in facts.distributions:
            yield Problem(f'{name} is not installed; nothing can be trained.', _install(name))
    for module, (*_, name) in OFFICIAL.items():
        if carriers(module, facts):
            continue
        if module in _TASK:
            yield Problem(
                f'{name} is not installed; {_TASK[module]} configs will not run.',
                _install(name),
                fatal=False,
            )
        else:
            yield Problem(f'{name} is not installed; nothing can be trained.', _install(name))
    if carriers('mmseg', facts):
        for name in ('ftfy', 'regex'):
            if name not in facts.distributions:
                yield Problem(
                    f'{name} is not installed; mmseg imports it without asking pip for it.',
                    _install(name),
                )


def _install(name: str) -> str:
    return f'pip install -c requirements.txt {name}'
