"""What one way of training gives over another, by their scores over seeds: a number and a sentence.

The rule: arms that have a seed have its labels, too, so scores are compared seed by seed. The mean
of the differences is told with its 95 % confidence interval by Student's t; arms can be told apart
where that interval leaves out 0. One seed has no interval, and neither have differences that are
all the same: they say how coarse the score is, not how far chance reaches.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import mean

from scipy.stats import ttest_rel

LEVEL = 0.95
RULE = (
    'Arms are compared seed by seed, since those of one seed have the same labels: the mean of the '
    f'differences, ± the half of its {100 * LEVEL:g} % confidence interval by '
    "Student's t. They are told apart where that interval leaves out 0. Each comparison stands "
    'by itself: of twenty between equals, one is expected to be told apart.'
)
"""For the page."""


@dataclass(frozen=True)
class Gain:
    """A difference between two arms, in points.

    Attributes:
        mean: Over the seeds; above 0 where the treated arm is better.
        margin: Half the width of its confidence interval; None where there is none.
        seeds: How many both arms have.
    """

    mean: float
    margin: float | None
    seeds: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.margin is not None and abs(self.mean) > self.margin

    def __str__(self) -> str:
        return f'{self.mean:+.1f}' + ('' if self.margin is None else f' ± {self.margin:.1f}')


def gain_of(treated: Mapping[int, float], control: Mapping[int, float]) -> Gain | None:
    """Compare two arms by the seeds that both have.

    Args:
        treated: Scores of the arm that is claimed to be better, by seed; more is better.
        control: Those of the other.

    Returns:
        None where they have no seed in common.
    """
    seeds = sorted(treated.keys() & control.keys())
    if not seeds:
        return None
    differences = [treated[seed] - control[seed] for seed in seeds]
    margin = None
    if len({round(each, 9) for each in differences}) > 1:
        pairs = [treated[seed] for seed in seeds], [control[seed] for seed in seeds]
        low, high = ttest_rel(*pairs).confidence_interval(LEVEL)
        margin = float(high - low) / 2
    return Gain(mean(differences), margin, len(seeds))


def sentence(name: str, control: str, gains: Mapping[float, Gain | None]) -> str:
    """Say what the numbers allow to be said of an arm.

    Args:
        name: The arm.
        control: What it is compared with.
        gains: By share of the labels; None where nothing has been scored yet.
    """
    known = [(share, gain) for share, gain in sorted(gains.items()) if gain is not None]
    if not known:
        return f'Nothing can be said of {name} and {control} yet.'
    (share, gain), *others = known
    parts = [
        f'At {as_percent(share)} of the labels, {_told(gain, name, control)}',
        *(f'at {as_percent(share)}, {_told(gain, name, control)}' for share, gain in others),
    ]
    return f'{"; ".join(parts)}.'


def as_percent(share: float) -> str:
    """Return a share as people write it, such as ``10 %``."""
    return f'{100 * share:.6g} %'


def _told(gain: Gain, name: str, control: str) -> str:
    if gain.is_clear:
        points = f'{abs(gain.mean):.1f} ± {gain.margin:.1f} points'
        if gain.mean > 0:
            return f'{name} gives {points} more than {control}'
        return f'{name} costs {points} against {control}'
    if gain.seeds == 1:
        return f'{name} and {control} differ by {gain}, of which one seed allows no statement'
    if gain.margin is None:
        return (
            f'{name} and {control} differ by {gain} with each of {gain.seeds} seeds, which shows '
            'no spread to hold that against'
        )
    return f'{name} and {control} cannot be told apart ({gain})'
