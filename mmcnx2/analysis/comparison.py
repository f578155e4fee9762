"""Is one arm of an experiment better than another, and by how much: in numbers and in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, stdev


@dataclass(frozen=True)
class Arm:
    """Scores of one way of training.

    Attributes:
        name: What it is called on the page.
        scores: Top-1 in percent, one a seed.
    """

    name: str
    scores: Sequence[float]

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return mean(self.scores)

    @property
    def spread(self) -> float:
        """Sample standard deviation over the seeds; 0 for a single one."""
        return stdev(self.scores) if len(self.scores) > 1 else 0.0


def verdict(treated: Arm, control: Arm) -> str:
    """Say in one sentence what came out, whichever way it went.

    "Clearly" is said only if every run of one arm beat every run of the other, and the means are
    further apart than twice the larger spread.

    Args:
        treated: The arm that is claimed to be better.
        control: The one that it is compared with.
    """
    gain = treated.mean - control.mean
    numbers = f'{treated.mean:.1f} % against {control.mean:.1f} %'
    better, worse = (treated, control) if gain > 0 else (control, treated)
    apart = min(better.scores) > max(worse.scores)
    clear = apart and abs(gain) > 2 * max(better.spread, worse.spread)
    if not clear:
        return (
            f'No clear difference: {numbers} top-1, a gap of {gain:+.1f} points that the spread '
            'over the seeds does not settle.'
        )
    change = 'helped' if gain > 0 else 'hurt'
    return f'Pre-training clearly {change}: {numbers} top-1, {gain:+.1f} points.'
