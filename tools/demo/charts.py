"""The chart of the demo's page that a report has not: the score of every run, by arm."""

import numpy as np
from matplotlib.figure import Figure

from mmcnx2.analysis.curves import COLORS, INK
from mmcnx2.analysis.label_efficiency import Scores
from mmcnx2.analysis.report.curves import WIDTH


def draw_scores(scores: Scores, *, chance: float) -> Figure:
    """Draw the scores of several runs an arm: a dot a run, a bar at the mean.

    Args:
        scores: At one share of the labels.
        chance: Score of guessing, in percent.
    """
    (share,) = scores.shares
    figure = Figure(figsize=(WIDTH, 0.8 + 0.55 * len(scores.arms)), layout='constrained')
    axes = figure.add_subplot()
    highest = chance
    for row, arm in enumerate(scores.arms):
        values = list(scores.of(arm, share).values())
        color, mean = COLORS[row % len(COLORS)], np.mean(values)
        axes.barh(row, mean, height=0.55, color=color, alpha=0.3)
        # Runs of equal score must not hide each other.
        offsets = np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else [0.0]
        axes.scatter(values, row + np.asarray(offsets), color=color, s=22, zorder=3)
        axes.annotate(
            f'{mean:.1f} %', (max(values), row), textcoords='offset points', xytext=(8, 0),
            va='center', color=INK, fontweight='bold', fontsize=9,
        )  # fmt: skip
        highest = max(highest, *values)
    axes.axvline(chance, color=INK, linestyle=':', linewidth=1.5)
    axes.annotate(
        'guessing', (chance, len(scores.arms) - 0.5), textcoords='offset points', xytext=(4, 0),
        color=INK, fontsize=8,
    )  # fmt: skip
    axes.set_yticks(range(len(scores.arms)), scores.arms)
    axes.set_ylim(len(scores.arms) - 0.35, -0.5)
    axes.set_xlim(0, min(100, 1.3 * highest))
    axes.set_xlabel(f'{scores.metric}, %', fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis='x', color='#dddddd', linewidth=0.8)
    axes.set_axisbelow(True)
    return figure
