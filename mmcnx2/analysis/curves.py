"""Curves of what runs logged, one panel a number, one line a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.figure import Figure

from mmcnx2.analysis.figures import save_figure

Scalars = Mapping[str, tuple[Sequence[int], Sequence[float]]]

# Okabe and Ito's colors, which every kind of color vision can tell apart.
BLUE, ORANGE, INK = '#0072b2', '#d55e00', '#333333'
COLORS = (BLUE, ORANGE, '#009e73', '#cc79a7', '#e69f00', '#56b4e9', INK)


def draw_curves(path: str | Path, runs: Mapping[str, Scalars], keys: Sequence[str]) -> None:
    """Draw some of the numbers that one or several runs logged.

    Args:
        path: Image file to write; its folder is made.
        runs: Name of the run to what ``read_scalars`` returns of it.
        keys: Numbers to draw, from the top down.

    Raises:
        ValueError: A run without one of the numbers.
    """
    for name, scalars in runs.items():
        if missing := [key for key in keys if key not in scalars]:
            raise ValueError(
                f"run '{name}' has no {', '.join(missing)}: it logged {', '.join(sorted(scalars))}."
            )
    figure = Figure(figsize=(7.2, 0.4 + 2.6 * len(keys)), layout='constrained')
    panels = figure.subplots(len(keys), squeeze=False)[:, 0]
    for axes, key in zip(panels, keys, strict=True):
        for i, (name, scalars) in enumerate(runs.items()):
            steps, values = scalars[key]
            marker = 'o' if len(steps) < 30 else None
            axes.plot(steps, values, color=COLORS[i % len(COLORS)], marker=marker, label=name)
        axes.set_ylabel(key)
        axes.spines[['top', 'right']].set_visible(False)
        axes.grid(axis='y', color='#dddddd', linewidth=0.8)
    panels[-1].set_xlabel('step')
    panels[0].legend(frameon=False)
    save_figure(figure, path)
