"""torch is too old for this package, or does not belong to the torchvision beside it.

Upstream: each torchvision below 0.29 is built for one torch; the wrong one fails with ``operator
torchvision::nms does not exist`` (pytorch/vision#8985). From 0.29 on, a torchvision asks for a
torch from the one of its time on, and goes with later ones.

Can go when pip's resolver is the only way these two get installed.
"""

from collections.abc import Iterator

from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem

LOWEST = (2, 6)
OFFSET = 15
"""torch 2.N goes with torchvision 0.(N + 15), since 2.0 with 0.15."""
OPEN = 29
"""The first torchvision 0.N that goes with later torches, too."""


def check(facts: Facts) -> Iterator[Problem]:
    """Find a torch below 2.6, or a torch and torchvision that are no pair."""
    torch, vision = facts.version('torch'), facts.version('torchvision')
    if torch is not None and torch < LOWEST:
        yield Problem(
            f'torch {facts.distributions["torch"]} is installed, and checkpoints are read safely '
            'only from 2.6 on.',
            'pip install -r requirements.txt',
        )
    if torch and vision and torch[0] == 2 and not _is_pair(torch[1], vision):
        series = torch[1] + OFFSET
        wanted = f'==0.{series}.*' if series < OPEN else f'>=0.{OPEN},<0.{series + 1}'
        yield Problem(
            f'torchvision {facts.distributions["torchvision"]} is not the one built for torch '
            f'{facts.distributions["torch"]} (that is torchvision{wanted}).',
            f"pip install 'torchvision{wanted}'",
        )


def _is_pair(minor: int, vision: tuple[int, ...]) -> bool:
    """Whether torch 2.``minor`` goes with a torchvision, of release numbers ``vision``."""
    series = minor + OFFSET
    return vision[0] == 0 and (vision[1] == series or OPEN <= vision[1] <= series)
