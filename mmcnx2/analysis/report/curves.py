"""Loss, rate and speed of a run, and what it waited for."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmcnx2.analysis.curves import BLUE, ORANGE, Scalars
from mmcnx2.analysis.report.page import Picture, Section

WIDTH = 4.6
"""Of figures, in inches: at phone width their letters are as large as the text's."""
_NAMES = ('loss', 'lr')


def share_waiting(scalars: Scalars) -> float | None:
    """Return the share of a step's time that waited for data, the median; None if not logged."""
    if not {'time', 'data_time'} <= scalars.keys():
        return None
    times, waits = (np.asarray(scalars[name][1], float) for name in ('time', 'data_time'))
    return float(np.median(waits / times)) if len(times) == len(waits) else None


def curves_section(scalars: Scalars, *, images_a_step: int) -> Section:
    """Draw what a run logged at its steps.

    Args:
        scalars: What :func:`~mmcnx2.analysis.training_log.read_scalars` returns.
        images_a_step: On all devices together.
    """
    panels = {name: scalars[name] for name in _NAMES if name in scalars}
    waiting = share_waiting(scalars)
    if waiting is not None:
        steps, times = scalars['time']
        panels['images a second'] = (steps, [images_a_step / each for each in times])
    diversity = sorted(name for name in scalars if name.startswith('diversity/'))
    count = len(panels) + bool(diversity)
    figure = Figure(figsize=(WIDTH, 0.3 + 1.5 * count), layout='constrained')
    axes = list(figure.subplots(count, squeeze=False)[:, 0])
    for panel, (name, (steps, values)) in zip(axes, panels.items(), strict=False):
        panel.plot(steps, values, color=BLUE, linewidth=1.6)
        plain(panel, name)
    if waiting is not None:
        _shade_waiting(axes[len(panels) - 1], panels['images a second'], scalars)
    for style, name in zip(('-', '--', ':', '-.'), diversity, strict=False):
        axes[-1].plot(*scalars[name], linestyle=style, color=BLUE, label=name.split('/')[1])
    if diversity:
        axes[-1].legend(frameon=False, fontsize=8)
        plain(axes[-1], 'diversity')
    axes[-1].set_xlabel('step', fontsize=9)
    return Section(
        title='Curves',
        pictures=[Picture.of(figure, 'curves over the steps: ' + ', '.join(panels))],
        note=_describe_waiting(waiting),
    )


def scores_section(scores: dict[str, tuple[Sequence[int], Sequence[float]]]) -> Section:
    """Draw the scores of validations, a panel each.

    Args:
        scores: Name to steps and values.
    """
    figure = Figure(figsize=(WIDTH, 0.3 + 1.5 * len(scores)), layout='constrained')
    axes = figure.subplots(len(scores), squeeze=False)[:, 0]
    for panel, (name, (steps, values)) in zip(axes, scores.items(), strict=True):
        panel.plot(steps, values, color=BLUE, marker='o', markersize=4)
        plain(panel, name.split('/')[-1])
    axes[-1].set_xlabel('epoch or step', fontsize=9)
    rows = [['score', 'best', 'at', 'last']]
    for name, (steps, values) in scores.items():
        best = int(np.nanargmax(values))
        rows.append([name, f'{values[best]:.4g}', str(steps[best]), f'{values[-1]:.4g}'])
    alt = 'scores on validation data: ' + ', '.join(scores)
    return Section(title='Validation', pictures=[Picture.of(figure, alt)], table=rows)


def plain(axes: Axes, name: str) -> None:
    """Give a panel its name and leave out what says nothing."""
    axes.set_ylabel(name, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis='y', color='#dddddd', linewidth=0.8)
    axes.set_axisbelow(True)


def _shade_waiting(axes: Axes, speed: tuple, scalars: Scalars) -> None:
    steps, values = (np.asarray(each, float) for each in speed)
    share = np.asarray(scalars['data_time'][1], float) / np.asarray(scalars['time'][1], float)
    possible = values / np.maximum(1 - share, 1e-3)
    axes.plot(steps, possible, color=ORANGE, linestyle='--', linewidth=1.4, label='without waiting')
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)


def _describe_waiting(waiting: float | None) -> str:
    if waiting is None:
        return ''
    holds = 'the device holds it up' if waiting < 0.2 else 'loading holds it up'
    return (
        f'A step waits for its pictures {waiting:.0%} of its time (median): {holds}. The dashed '
        'line is the speed that the device alone would have.'
    )
