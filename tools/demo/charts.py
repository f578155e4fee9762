"""The pictures of a report, drawn without a display and without matplotlib's global state."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmcnx2.analysis.curves import BLUE, INK, ORANGE
from mmcnx2.analysis.figures import save_figure
from mmcnx2.models.fcmae import Reconstruction


def draw_loss_curve(
    path: str | Path, steps: Sequence[int], losses: Sequence[float], *, steps_an_epoch: int
) -> None:
    """Draw a training loss.

    Args:
        path: Image file to write.
        steps: Iterations, from 1.
        losses: One a step.
        steps_an_epoch: Iterations in one epoch, for the axis.
    """
    figure = Figure(figsize=(7.2, 3.0), layout='constrained')
    axes = figure.add_subplot()
    epochs = np.asarray(steps) / steps_an_epoch
    axes.plot(epochs, losses, color=BLUE, linewidth=2)
    axes.set_xlabel('epoch')
    axes.set_ylabel('loss on hidden patches')
    axes.set_xlim(left=0)
    axes.annotate(
        f'{losses[-1]:.3f}',
        (epochs[-1], losses[-1]),
        textcoords='offset points',
        xytext=(0, 7),
        ha='right',
        color=BLUE,
    )
    _plain(axes)
    save_figure(figure, path)


def draw_scores(path: str | Path, scores: Mapping[str, Sequence[float]], *, chance: float) -> None:
    """Draw accuracies of several runs an arm: a dot a run, a bar at the mean.

    Args:
        path: Image file to write.
        scores: Arm to top-1 in percent, one a seed.
        chance: Top-1 of guessing, in percent.
    """
    figure = Figure(figsize=(7.2, 0.9 + 0.75 * len(scores)), layout='constrained')
    axes = figure.add_subplot()
    colors = (BLUE, ORANGE)
    for row, values in enumerate(scores.values()):
        color, mean = colors[row % 2], np.mean(values)
        axes.barh(row, mean, height=0.55, color=color, alpha=0.3)
        # Runs of equal score must not hide each other.
        offsets = np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else [0.0]
        axes.scatter(values, row + np.asarray(offsets), color=color, s=34, zorder=3)
        axes.annotate(
            f'{mean:.1f} %',
            (max(values), row),
            textcoords='offset points',
            xytext=(9, 0),
            va='center',
            color=INK,
            fontweight='bold',
        )
    axes.axvline(chance, color=INK, linestyle=':', linewidth=1.5)
    axes.annotate(
        'guessing',
        (chance, len(scores) - 0.5),
        textcoords='offset points',
        xytext=(4, 0),
        color=INK,
        fontsize=9,
    )
    axes.set_yticks(range(len(scores)), list(scores))
    axes.set_ylim(len(scores) - 0.35, -0.5)
    axes.set_xlim(0, min(100, 1.25 * max(chance, *(max(values) for values in scores.values()))))
    axes.set_xlabel('top-1 on pictures never trained on, %')
    _plain(axes, grid='x')
    save_figure(figure, path)


def draw_gallery(path: str | Path, result: Reconstruction) -> None:
    """Draw reconstructions: a column a picture; original, what the encoder saw, filled in.

    Args:
        path: Image file to write.
        result: Result of N pictures.
    """
    rows = {
        'original': result.image,
        'what the\nencoder saw': result.masked,
        'hidden patches\nfilled in': result.reconstruction,
    }
    pixels = {
        label: images.permute(0, 2, 3, 1).round().byte().cpu().numpy()
        for label, images in rows.items()
    }
    draw_rows(path, pixels)


def draw_rows(path: str | Path, rows: Mapping[str, Sequence[np.ndarray]]) -> None:
    """Draw pictures in rows with a name each.

    Args:
        path: Image file to write.
        rows: Name to pictures, uint8 RGB ``(H, W, 3)``, the same number in each row.
    """
    count = len(next(iter(rows.values())))
    side = 1.25 if count > 5 else 1.9
    figure = Figure(figsize=(side * count + 1.4, (side + 0.05) * len(rows)), layout='constrained')
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    grid = figure.subplots(len(rows), count, squeeze=False)
    for line, (label, images) in zip(grid, rows.items(), strict=True):
        line[0].set_ylabel(label, rotation=0, ha='right', va='center', fontsize=11, labelpad=6)
        for axes, image in zip(line, images, strict=True):
            axes.imshow(image, interpolation='nearest')
            axes.set_xticks([])
            axes.set_yticks([])
            axes.spines[:].set_visible(False)
    save_figure(figure, path, dpi=130)


def _plain(axes: Axes, *, grid: str = 'y') -> None:
    axes.spines[['top', 'right']].set_visible(False)
    axes.grid(axis=grid, color='#dddddd', linewidth=0.8)
    axes.set_axisbelow(True)
