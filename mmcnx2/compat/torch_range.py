"""torch is too old for this package, or does not belong to the torchvision beside it.

Upstream: each torchvision is built for one torch; the wrong one fails with ``operator
torchvision::nms does not exist`` (pytorch/vision#8985).

Can go when pip's resolver is the only way these two get installed.
"""

from collections.abc import Iterator

from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem

LOWEST = (2, 6)


def check(facts: Facts) -> Iterator[Problem]:
    """Find a torch below 2.6, or a torch and torchvision that are no pair."""
    torch, vision = facts.version('torch'), facts.version('torchvision')
    if torch is not None and torch < LOWEST:
        yield Problem(
            f'torch {facts.distributions["torch"]} is installed, and checkpoints are read safely '
            'only from 2.6 on.',
            'pip install -r requirements.txt',
        )
    # torch 2.N goes with torchvision 0.(N + 15), since 2.0 with 0.15.
    if torch and vision and torch[0] == 2 and vision[:2] != (0, torch[1] + 15):
        yield Problem(
            f'torchvision {facts.distributions["torchvision"]} is not the one built for torch '
            f'{facts.distributions["torch"]} (that is 0.{torch[1] + 15}.*).',
            f"pip install 'torchvision==0.{torch[1] + 15}.*'",
        )
