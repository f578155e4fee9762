"""What the numbers of a run say, in words, by rules that stand here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import linregress

_RISING = 5.0  # percent of the smallest error
_STARVED = 0.2  # share of a step
_ALIKE = 0.1
_FLAT = 0.98
_SHORT = 500  # steps; docs/pretrain.md has losses that stay flat from step 104 to 248


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a run is judged by; what was not measured is None or empty.

    Attributes:
        losses: Training losses, in their order.
        steps: That were trained.
        waiting: Share of the time of a step that waited for data, median.
        diversity: Mean pairwise cosine distance of the expanded features, one a stage.
        rank: RankMe of the averaged features of the last stage.
        scores: Validation scores in percent, in their order; larger is better.
    """

    losses: Sequence[float] = ()
    steps: int | None = None
    waiting: float | None = None
    diversity: Sequence[float] = ()
    rank: float | None = None
    scores: Sequence[float] = field(default=())


@dataclass(frozen=True)
class Finding:
    """One thing that the numbers say.

    Attributes:
        kind: 'collapsed', 'too short', 'not learning', 'over-fitted', 'starved of data', 'still
            improving' or 'learning'.
        sentence: With the numbers.
        rule: What was asked, and where the rule is from.
        good: It is good news, and shown as such.
    """

    kind: str
    sentence: str
    rule: str
    good: bool = False


def judge(facts: Facts) -> list[Finding]:
    """Return what the numbers say, the gravest first; empty if they are too few."""
    return [finding for rule in RULES if (finding := rule(facts))]


def _collapsed(facts: Facts) -> Finding | None:
    low = [f'{i} ({value:.2f})' for i, value in enumerate(facts.diversity, 1) if value < _ALIKE]
    if low:
        return Finding(
            'collapsed',
            f'Channels of stage {", ".join(low)} have become alike.',
            f'Mean pairwise cosine distance of a stage below {_ALIKE} of at most 0.5 '
            '(the measure of ConvNeXt V2, Figure 4; the limit is FeatureDiversityHook’s).',
        )
    if facts.rank is not None and facts.rank < 2:
        return Finding(
            'collapsed',
            f'Features of all pictures point nearly the same way: their effective rank is '
            f'{facts.rank:.1f}.',
            'RankMe below 2 (Garrido et al., ICML 2023: a low rank bounds what a linear layer '
            'can make of features).',
        )
    return None


def _too_short(facts: Facts) -> Finding | None:
    if facts.steps is None or facts.steps >= _SHORT or not _is_flat(facts):
        return None
    first, last = _ends(facts.losses)
    return Finding(
        'too short',
        f'{facts.steps} steps tell nothing yet: the loss was {first:.3f} in the first tenth of '
        f'them and {last:.3f} in the last.',
        f'Fewer than {_SHORT} steps, and a loss that has not fallen by {1 - _FLAT:.0%}. (FCMAE '
        'first learns the mean colors, then rests: docs/pretrain.md.)',
    )


def _is_flat(facts: Facts) -> bool:
    """Whether a loss that was logged often enough did not fall, but is finite."""
    if len(facts.losses) < 10:
        return False
    first, last = _ends(facts.losses)
    return bool(np.isfinite(last)) and last > _FLAT * first


def _not_learning(facts: Facts) -> Finding | None:
    if len(facts.losses) < 10 or _too_short(facts):
        return None
    first, last = _ends(facts.losses)
    if not np.isfinite(last) or last > _FLAT * first:
        return Finding(
            'not learning',
            f'The training loss does not fall: {first:.3f} in the first tenth of the run, '
            f'{last:.3f} in the last.',
            f'The last tenth of the losses above {_FLAT:.0%} of the first. (Of FCMAE with '
            'norm_pix, 1 is what a constant guess gives.)',
        )
    return None


def _over_fitted(facts: Facts) -> Finding | None:
    if len(facts.scores) < 3:
        return None
    errors = [100 - score for score in facts.scores]
    best = int(np.argmin(errors))
    rise = 100 * (errors[-1] / max(errors[best], 1e-9) - 1)
    if best == len(errors) - 1 or rise <= _RISING:
        return None
    return Finding(
        'over-fitted',
        f'Validation was best at evaluation {best + 1} of {len(errors)} '
        f'({facts.scores[best]:.1f} %) and is {facts.scores[-1]:.1f} % now.',
        f'The error on validation data more than {_RISING:g} % above its minimum '
        '(generalization loss, Prechelt 1998, “Early stopping, but when?”).',
    )


def _starved(facts: Facts) -> Finding | None:
    if facts.waiting is None or facts.waiting <= _STARVED:
        return None
    return Finding(
        'starved of data',
        f'{facts.waiting:.0%} of each step waits for pictures.',
        f'Median of data_time / time above {_STARVED:.0%} (both are of mmengine’s timer).',
    )


def _improving(facts: Facts) -> Finding | None:
    if len(facts.losses) < 20 or _not_learning(facts) or _too_short(facts):
        return None
    first, last = _ends(facts.losses)
    window = np.asarray(facts.losses[-len(facts.losses) // 5 :], float)
    line = linregress(np.arange(len(window)), window)
    fall = -line.slope * (len(window) - 1)
    if line.pvalue > 0.01 or fall < 0.02 * (first - last):
        return None
    return Finding(
        'still improving',
        f'The loss still fell by {fall:.3f} in the last fifth of the run: a longer one would '
        'learn more.',
        'A falling line through the last fifth of the losses (p < 0.01), steeper than 2 % of the '
        'whole fall. (Masked autoencoders gained up to 1600 epochs: He et al., CVPR 2022, '
        'Figure 7.)',
        good=True,
    )


def _learning(facts: Facts) -> Finding | None:
    if len(facts.losses) < 10 or _not_learning(facts) or _too_short(facts):
        return None
    first, last = _ends(facts.losses)
    return Finding(
        'learning',
        f'The training loss fell from {first:.3f} to {last:.3f}.',
        f'The last tenth of the losses below {_FLAT:.0%} of the first.',
        good=True,
    )


def _ends(losses: Sequence[float]) -> tuple[float, float]:
    tenth = max(1, len(losses) // 10)
    return float(np.mean(losses[:tenth])), float(np.mean(losses[-tenth:]))


RULES: tuple[Callable[[Facts], Finding | None], ...] = (
    _collapsed, _too_short, _not_learning, _over_fitted, _starved, _improving, _learning,
)  # fmt: skip
