"""Scores of several arms over the number of labels: a table, a plot, a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev

from matplotlib.figure import Figure

from mmcnx2.analysis.curves import COLORS
from mmcnx2.analysis.figures import save_figure
from mmcnx2.analysis.gain import RULE, Gain, as_percent, gain_of, sentence
from mmcnx2.outputs import write_text

TABLE, PICTURE, PAGE = 'scores.csv', 'scores.png', 'comparison.md'
_MARKERS, _LINES = 'osD^vP*', ('-', '--', ':', '-.')


@dataclass
class Scores:
    """What was scored so far.

    Attributes:
        metric: Name of the score, in percent; more is better.
        arms: Their names; the others are compared with the first.
        shares: Of the labels, each above 0 and up to 1.
        found: Score by arm, share and seed.
    """

    metric: str
    arms: Sequence[str]
    shares: Sequence[float]
    found: dict[tuple[str, float, int], float] = field(default_factory=dict)

    def of(self, arm: str, share: float) -> dict[int, float]:
        """Return an arm's scores at a share of the labels, by seed."""
        return {s: score for (a, b, s), score in self.found.items() if (a, b) == (arm, share)}

    def gain(self, arm: str, share: float) -> Gain | None:
        """Return what an arm gives over the first one, None if nothing of both is scored."""
        return gain_of(self.of(arm, share), self.of(self.arms[0], share))

    def sentences(self) -> list[str]:
        """Return what can be said of each arm against the first one."""
        control, *others = self.arms
        return [
            sentence(arm, control, {share: self.gain(arm, share) for share in self.shares})
            for arm in others
        ]


def tabulate(scores: Scores) -> str:
    """Return a Markdown table: means and standard deviations, and below them the differences."""
    control, *others = scores.arms
    lines = [_line([scores.metric, *(f'{as_percent(share)} labels' for share in scores.shares)])]
    lines.append('|---|' + '---:|' * len(scores.shares))
    for arm in scores.arms:
        cells = (list(scores.of(arm, share).values()) for share in scores.shares)
        lines.append(_line([arm, *map(_mean_and_spread, cells)]))
    for arm in others:
        gains = (scores.gain(arm, share) for share in scores.shares)
        lines.append(_line([f'{arm} − {control}', *(str(gain or '') for gain in gains)]))
    return '\n'.join(lines)


def draw(scores: Scores) -> Figure:
    """Return a plot of the score over the share of the labels: each seed a point, means a line.

    Colors, marks and strokes each tell the arms apart, for every kind of color vision.
    """
    figure = Figure(figsize=(7.2, 4.2), layout='constrained')
    axes = figure.subplots()
    for number, arm in enumerate(scores.arms):
        # A little beside each other, or the bars would hide one another.
        beside = 1.04 ** (number - (len(scores.arms) - 1) / 2)
        color, marker = COLORS[number % len(COLORS)], _MARKERS[number % len(_MARKERS)]
        cells = {share: list(scores.of(arm, share).values()) for share in scores.shares}
        cells = {100 * share * beside: values for share, values in cells.items() if values}
        for place, values in cells.items():
            axes.scatter([place] * len(values), values, s=14, color=color, marker=marker, alpha=0.5)
        axes.errorbar(
            list(cells),
            [mean(values) for values in cells.values()],
            yerr=[stdev(values) if len(values) > 1 else 0 for values in cells.values()],
            color=color,
            marker=marker,
            linestyle=_LINES[number % len(_LINES)],
            capsize=4,
            label=arm,
        )
    ticks = [100 * share for share in scores.shares]
    axes.set_xscale('log')
    axes.set_xticks(ticks, [f'{tick:.6g}' for tick in ticks], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_xlabel('labels, % of the training images')
    axes.set_ylabel(f'{scores.metric}, %')
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis='y', color='#dddddd', linewidth=0.8)
    figure.legend(loc='outside upper left', ncols=3, frameon=False)
    return figure


def write_page(
    folder: str | Path, scores: Scores, *, total: int, facts: Mapping[str, str], command: str
) -> str:
    """Write table, plot and page of what was scored so far.

    Args:
        folder: Where to; it is the comparison's own.
        scores: At least one.
        total: How many there will be.
        facts: What a reader should know of the comparison, by name.
        command: That goes on with it.

    Returns:
        Path of the page.

    Raises:
        OSError: It cannot be written.
    """
    folder = Path(folder)
    rows = (f'{a},{share:g},{seed},{score!r}\n' for (a, share, seed), score in _sorted(scores))
    write_text(folder / TABLE, 'arm,labels,seed,score\n' + ''.join(rows))
    save_figure(draw(scores), folder / PICTURE)
    control = scores.arms[0]
    said = [f'**{each}**' for each in scores.sentences()]
    if len(scores.found) < total:
        said.insert(0, f'*So far {len(scores.found)} of {total} are scored.*')
    lines = [
        '# Does it help?',
        *said,
        f'![{scores.metric} over the share of the labels]({PICTURE})',
        f'{scores.metric} in percent, mean ± standard deviation over the seeds; differences from '
        f'{control} in points, with their confidence interval. Each score: [{TABLE}]({TABLE}).',
        tabulate(scores),
        RULE,
        '\n'.join(f'- {name}: {fact}' for name, fact in facts.items()),
        f'Go on, or add arms, labels and seeds, with the same folder:\n\n```sh\n{command}\n```',
    ]
    write_text(folder / PAGE, '\n\n'.join(lines) + '\n')
    return str(folder / PAGE)


def _sorted(scores: Scores) -> list[tuple[tuple[str, float, int], float]]:
    place = {arm: number for number, arm in enumerate(scores.arms)}
    return sorted(scores.found.items(), key=lambda each: (place[each[0][0]], *each[0][1:]))


def _mean_and_spread(values: Sequence[float]) -> str:
    if not values:
        return ''
    return f'{mean(values):.1f}' + (f' ± {stdev(values):.1f}' if len(values) > 1 else '')


def _line(cells: Sequence[str]) -> str:
    return f'| {" | ".join(cells)} |'
