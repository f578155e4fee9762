"""Pictures in rows: reconstructions over time, neighbors, near-duplicates, outliers."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from mmcnx2.analysis.classified_pictures import Classified
from mmcnx2.analysis.reconstruction_grid import RGB
from mmcnx2.analysis.report.curves import WIDTH
from mmcnx2.analysis.report.page import Picture, Section
from mmcnx2.analysis.shown import Shown
from mmcnx2.models.fcmae import Reconstruction

_A_ROW = 3  # pictures with a caption each


def reconstructions_section(
    results: Mapping[str, Reconstruction], *, shown: Shown = RGB
) -> Section:
    """Show the same pictures, hidden alike, as several checkpoints fill them in.

    Args:
        results: Name of a checkpoint to what it makes of N pictures, the oldest first.
        shown: What is drawn of the channels; default color of 8 bits.
    """
    first = next(iter(results.values()))
    columns = {'original': first.image, 'what it saw': first.masked}
    columns |= {name: result.reconstruction for name, result in results.items()}
    pixels = {name: images.permute(0, 2, 3, 1).cpu().numpy() for name, images in columns.items()}
    rows = []
    for original, *others in zip(*pixels.values(), strict=True):
        limits = shown.limits(original)
        rows.append([shown.draw(image, limits) for image in (original, *others)])
    how = f' Drawn are {shown.describe()}.' if shown.stretched else ''
    return Section(
        title='Reconstructions',
        pictures=[draw_rows(rows, 'originals, masked, and filled in', titles=list(pixels))],
        note='The same pictures and the same masks, filled in by each checkpoint that is kept. '
        'Mean and contrast of a patch come from the original where the loss is normalized by '
        f'patch (norm_pix).{how}',
    )


def predictions_section(
    title: str, truth: Sequence[np.ndarray], found: Sequence[np.ndarray], note: str
) -> Section:
    """Show what a detector or segmentor predicts beside the truth.

    Args:
        title: The heading.
        truth: Pictures with the truth drawn, uint8 RGB.
        found: The same with the predictions drawn.
        note: Which pictures they are.
    """
    rows = list(zip(truth, found, strict=True))
    picture = draw_rows(rows, 'the truth and predictions', titles=['truth', 'prediction'])
    return Section(
        title=title, pictures=[picture], note=f'{note} Objects are drawn from a score of 0.3 on.'
    )


def classified_section(
    title: str, thumbnails: Sequence[np.ndarray], found: Sequence[Classified], note: str
) -> Section:
    """Show pictures with their classes and what a classifier says.

    Args:
        title: The heading.
        thumbnails: uint8 RGB, one a picture.
        found: What they are, and what was said.
        note: Which pictures they are.
    """
    captions = [
        f'{each.truth}: right, {each.sure:.0%}'
        if each.truth == each.found
        else f'{each.truth}, not {each.found} ({each.sure:.0%})'
        for each in found
    ]
    rows = [
        (thumbnails[i : i + _A_ROW], captions[i : i + _A_ROW]) for i in range(0, len(found), _A_ROW)
    ]
    pictures = draw_rows(
        [row for row, _ in rows],
        'pictures, their classes and what the classifier says',
        captions=[words for _, words in rows],
    )
    return Section(
        title=title,
        pictures=[pictures],
        note=f'{note} In brackets: how sure it is of what it says.',
    )


def draw_rows(
    rows: Sequence[Sequence[np.ndarray]],
    alt: str,
    *,
    titles: Sequence[str] = (),
    captions: Sequence[Sequence[str]] = (),
) -> Picture:
    """Draw rows of pictures; shorter rows leave room at their end.

    Args:
        rows: uint8 RGB ``(H, W, 3)`` each, of one shape.
        alt: What they show.
        titles: Above the columns.
        captions: Below each picture.
    """
    columns = max(map(len, rows))
    height, width = rows[0][0].shape[:2]
    gap, foot, head = 0.03, 0.19 if captions else 0.03, 0.22 if titles else 0.0
    side = (WIDTH - gap * (columns - 1)) / columns
    tall = side * height / width
    figure = Figure(figsize=(WIDTH, (tall + foot) * len(rows) + head))
    grid = figure.subplots(
        len(rows), columns, squeeze=False,
        gridspec_kw=dict(
            left=0, right=1, bottom=foot / figure.get_figheight(),
            top=1 - head / figure.get_figheight(), wspace=gap / side, hspace=foot / tall,
        ),
    )  # fmt: skip
    for axes in grid.flat:
        axes.set_axis_off()
    for i, row in enumerate(rows):
        for j, image in enumerate(row):
            grid[i, j].imshow(image, interpolation='nearest')
            if captions:
                grid[i, j].text(
                    0.5, -0.03, captions[i][j], transform=grid[i, j].transAxes, fontsize=7,
                    ha='center', va='top',
                )  # fmt: skip
    for axes, title in zip(grid[0], titles, strict=False):
        axes.set_title(title, fontsize=8, pad=2)
    return Picture.of(figure, alt, kind='jpeg', dpi=180)
