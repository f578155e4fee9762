"""Reconstructions as one picture, for files and for the visualizer of a run."""

from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor

from mmcnx2.analysis.figures import save_figure
from mmcnx2.analysis.shown import Shown, choose_shown
from mmcnx2.models.fcmae import Reconstruction

COLUMNS = {
    'original': 'image',
    'masked': 'masked',
    'reconstruction': 'prediction',
    'with visible\npatches pasted': 'reconstruction',
}
"""Title to the field of :class:`Reconstruction` that it shows."""
RGB = choose_shown('uint8', 3)


def draw_reconstructions(
    result: Reconstruction, path: str | Path, *, caption: str = '', shown: Shown = RGB
) -> None:
    """Write :func:`reconstruction_grid` to a file.

    Args:
        result: Result of N pictures.
        path: Image file; its folder is made.
        caption: A line below the picture.
        shown: What is drawn of the channels, the same of all four; default color of 8 bits.
    """
    save_figure(_figure(result, caption, shown), path, dpi=_dpi(result))


def reconstruction_grid(
    result: Reconstruction, *, caption: str = '', shown: Shown = RGB
) -> np.ndarray:
    """Draw original, masked, reconstruction, and that with visible patches pasted, side by side.

    A row a picture; more than four pictures stand in two rows of four columns beside each other.
    The decoder is trained at hidden patches alone, so in the third column visible ones look odd.

    Args:
        result: Result of N pictures.
        caption: A line below the picture.
        shown: What is drawn of the channels, the same of all four; default color of 8 bits.

    Returns:
        RGB, uint8 ``(height, width, 3)``.
    """
    canvas = FigureCanvasAgg(_figure(result, caption, shown))
    canvas.figure.set_dpi(_dpi(result))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


_SIDE, _HEAD, _FOOT = 1.3, 0.42, 0.25  # inches: a picture, the titles, the caption


def _dpi(result: Reconstruction) -> int:
    """Show small pictures large enough, and large ones at about their own resolution."""
    return round(min(max(max(result.image.shape[2:]) / _SIDE, 100), 200))


def _figure(result: Reconstruction, caption: str, shown: Shown) -> Figure:
    count, columns = len(result.image), len(COLUMNS)
    bands = 2 if count > 4 else 1
    rows = -(-count // bands)
    image_height, image_width = result.image.shape[2:]
    # Bands stand a tenth of a picture apart.
    widths = ([1.0] * columns + [0.1]) * bands
    foot = _FOOT if caption else 0.0
    height = rows * _SIDE * image_height / image_width + _HEAD + foot
    figure = Figure(figsize=(_SIDE * sum(widths[:-1]), height), facecolor='white')
    grid = figure.subplots(
        rows,
        len(widths) - 1,
        squeeze=False,
        # By hand: matplotlib's automatic layouts take seconds for so many axes.
        gridspec_kw=dict(
            width_ratios=widths[:-1], wspace=0.03, hspace=0.03, left=0.002, right=0.998,
            bottom=foot / height, top=1 - _HEAD / height,
        ),
    )  # fmt: skip
    for axes in grid.flat:
        axes.set_axis_off()
    for i in range(count):
        band, row = divmod(i, rows)
        start = band * (columns + 1)
        cells = grid[row, start : start + columns]
        limits = shown.limits(_array(result.image[i]))
        for axes, (title, field) in zip(cells, COLUMNS.items(), strict=True):
            pixels = shown.draw(_array(getattr(result, field)[i]), limits)
            axes.imshow(pixels, interpolation='nearest')
            if row == 0:
                axes.set_title(title, fontsize=9, pad=3)
    if caption:
        figure.text(0.5, 0.25 * foot / height, caption, fontsize=8, color='#333333', ha='center')
    return figure


def _array(image: Tensor) -> np.ndarray:
    """Return ``(C, h, w)`` as ``(h, w, C)``."""
    return image.permute(1, 2, 0).float().cpu().numpy()
