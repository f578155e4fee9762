"""Where pictures lie among each other: a map, neighbors, near-duplicates, outliers."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from sklearn.decomposition import PCA
from sklearn.neighbors import LocalOutlierFactor

from mmcnx2.analysis.overlap import to_gray
from mmcnx2.analysis.report.curves import WIDTH
from mmcnx2.analysis.report.galleries import draw_rows
from mmcnx2.analysis.report.page import Picture, Section
from mmcnx2.analysis.similar import find_duplicates, nearest

_QUERIES, _NEIGHBORS, _SHOWN = 5, 4, 6
_THUMBNAILS = 250


def map_section(vectors: np.ndarray, thumbnails: Sequence[np.ndarray]) -> Section:
    """Draw a map with thumbnails: of umap-learn if it is installed, else of two components.

    Args:
        vectors: ``(n, C)``.
        thumbnails: uint8 RGB, one a picture.
    """
    places, method = _two_dimensions(vectors)
    figure = Figure(figsize=(WIDTH, WIDTH))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    # Rarely seen ones would make the others a heap: the outermost percent is drawn at the border.
    low, high = np.percentile(places, [1, 99], axis=0)
    places = places.clip(low, high)
    for (x, y), image in list(zip(places, thumbnails, strict=True))[:_THUMBNAILS]:
        small = OffsetImage(image, zoom=0.26 * 72 / max(image.shape))
        axes.add_artist(AnnotationBbox(small, (x, y), frameon=False, pad=0))
    margin = 0.05 * (high - low) + 1e-9
    axes.set_xlim(low[0] - margin[0], high[0] + margin[0])
    axes.set_ylim(low[1] - margin[1], high[1] + margin[1])
    return Section(
        title='Map',
        pictures=[Picture.of(figure, 'pictures placed by their features', kind='jpeg', dpi=220)],
        note=f'Pictures that the network finds alike lie together ({method}).',
    )


def neighbors_section(vectors: np.ndarray, thumbnails: Sequence[np.ndarray]) -> Section:
    """Show the nearest neighbors of some pictures; arguments of :func:`map_section`."""
    queries = np.linspace(0, len(vectors) - 1, min(_QUERIES, len(vectors))).round().astype(int)
    places, cosines = nearest(vectors[queries], vectors, count=_NEIGHBORS + 1)
    rows, captions = [], []
    for query, near, similar in zip(queries, places, cosines, strict=True):
        kept = [(i, s) for i, s in zip(near, similar, strict=True) if i != query][:_NEIGHBORS]
        rows.append([thumbnails[query], *(thumbnails[i] for i, _ in kept)])
        captions.append(['', *(f'{s:.3f}' for _, s in kept)])
    picture = draw_rows(rows, 'pictures and their nearest neighbors', captions=captions)
    return Section(
        title='Nearest neighbors',
        pictures=[picture],
        note='The first picture of a row, then those whose features are nearest, with the cosine. '
        'Good features find the same things, poor ones the same colors.',
    )


def oddities_sections(
    vectors: np.ndarray,
    others: Sequence[np.ndarray],
    thumbnails: Sequence[np.ndarray],
    paths: Sequence[str],
) -> list[Section]:
    """Show near-duplicates and outliers.

    Args:
        vectors: ``(n, C)``.
        others: ``(n, C)``, of the same otherwise looked at, such as in a mirror.
        thumbnails: uint8 RGB, one a picture.
        paths: Of the pictures.
    """
    pairs = find_duplicates([to_gray(each) for each in thumbnails], vectors, others)
    shown = pairs[:_SHOWN]
    names = [Path(path).name for path in paths]
    duplicates = Section(
        title='Near-duplicates',
        pictures=[_in_one_row(thumbnails, [i for p in shown for i in (p.first, p.second)], 4,
                              'pairs of near-duplicates')] if shown else (),
        table=[['picture', 'near-duplicate', 'similarity'],
               *([names[p.first], names[p.second], f'{p.similarity:.3f}'] for p in shown)]
        if shown else (),
        note=f'{len(pairs)} pairs among these {len(vectors)} pictures; mmcnx2 embed --duplicates '
        'looks through all.',
    )  # fmt: skip
    factor = LocalOutlierFactor(n_neighbors=min(20, len(vectors) - 1)).fit(vectors)
    scores = -factor.negative_outlier_factor_
    odd = np.argsort(-scores, kind='stable')[: 2 * _NEIGHBORS].tolist()
    outliers = Section(
        title='Outliers',
        pictures=[_in_one_row(thumbnails, odd, 4, 'the least usual pictures')],
        table=[['picture', 'local outlier factor'],
               *([names[i], f'{scores[i]:.2f}'] for i in odd)],
        note='The least usual pictures by the density around them (1 is usual): look whether they '
        'belong to the data.',
    )  # fmt: skip
    return [duplicates, outliers]


def _in_one_row(thumbnails: Sequence[np.ndarray], places: list[int], columns: int, alt: str):
    chosen = [thumbnails[i] for i in places]
    return draw_rows([chosen[i : i + columns] for i in range(0, len(chosen), columns)], alt)


def _two_dimensions(vectors: np.ndarray) -> tuple[np.ndarray, str]:
    try:
        from umap import UMAP
    except ImportError:
        pca = PCA(2, svd_solver='full').fit(vectors)
        share = pca.explained_variance_ratio_.sum()
        return pca.transform(vectors), f'two principal components, {share:.0%} of the variance'
    return UMAP(random_state=0, n_jobs=1).fit_transform(vectors), 'UMAP'
