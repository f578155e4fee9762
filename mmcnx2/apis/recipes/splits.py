"""Images kept apart for validation: a share of them, drawn by a seed and written down."""

import random
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

from mmcnx2.apis.calls import CallError

T = TypeVar('T', bound=Hashable)
SHARE = 0.2
"""Of the images, where nothing is said and the data have no validation images of their own."""


def read_share(val: str | None) -> float | None:
    """Return the share that ``--val`` names, None if it names a folder.

    Raises:
        CallError: A number that is no share.
    """
    if val is None:
        return SHARE
    try:
        share = float(val)
    except ValueError:
        return None
    if not 0 < share < 1:
        raise CallError('val', f'is {val}, but a folder, or a share between 0 and 1, is expected.')
    return share


def draw(
    items: Sequence[T], share: float, *, seed: int, groups: Iterable[Hashable] | None = None
) -> list[T]:
    """Draw the images whose labels are used, where a training is to have a share of them alone.

    What a smaller share draws by the same seed is among what a larger one draws.

    Args:
        items: Those to train on; their order does not matter, but their names do.
        share: Of them, up to 1.
        seed: Of the draw.
        groups: Of each item, such as its class: the share is drawn of each group, at least one.

    Returns:
        Those drawn, sorted.
    """
    if share == 1:
        return sorted(items)
    return split(items, 1 - share, seed=seed, groups=groups)[0]


def split(
    items: Sequence[T], share: float, *, seed: int, groups: Iterable[Hashable] | None = None
) -> tuple[list[T], list[T]]:
    """Draw what is kept apart.

    Args:
        items: To be split; their order does not matter, but their names do.
        share: Share of them to keep apart.
        seed: Of the draw.
        groups: Of each item, such as its class: the share is kept apart of each group, but never
            the last item of one.

    Returns:
        Those to train on, and those kept apart, each sorted.
    """
    grouped: dict[Hashable, list[T]] = {}
    for item, group in zip(items, groups or [None] * len(items), strict=True):
        grouped.setdefault(group, []).append(item)
    train, kept = [], []
    for group in sorted(grouped, key=str):
        members = sorted(grouped[group])
        random.Random(f'{seed}/{group}').shuffle(members)
        number = min(len(members) - 1, max(1, round(share * len(members))))
        kept += members[:number]
        train += members[number:]
    return sorted(train), sorted(kept)
