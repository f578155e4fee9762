"""Which pictures are alike: nearest neighbors of one, near-duplicates among all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors

from mmcnx2.analysis.overlap import overlap

CANDIDATES = 10
"""Neighbors of a picture, by a network's vectors, that are looked at pixel by pixel."""
ALIKE = 0.8
"""Correlation of overlapping gray values from which on two pictures are near-duplicates.

Of pictures whose border was cut off by 5 %, mirrored ones and strongly compressed ones it is above
0.9, of others below 0.7: tools/benchmarks/near_duplicates.py.
"""


@dataclass(frozen=True)
class Pair:
    """Two pictures.

    Attributes:
        first: Place of one of them.
        second: Place of the other, a later one.
        similarity: Correlation of their gray values where they overlap, at most 1.
        mirrored: Whether one is the other in a mirror, left for right.
    """

    first: int
    second: int
    similarity: float
    mirrored: bool


def nearest(
    queries: np.ndarray, vectors: np.ndarray, *, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the nearest neighbors of each query, the most similar first.

    Args:
        queries: ``(m, C)``.
        vectors: ``(n, C)``.
        count: How many to return; all if there are no more.

    Returns:
        Places in ``vectors``, int ``(m, count)``, and cosines, ``(m, count)``.
    """
    search = NearestNeighbors(n_neighbors=min(count, len(vectors)), metric='cosine').fit(vectors)
    distances, places = search.kneighbors(queries)
    return places, 1 - distances


def find_duplicates(
    pictures: Sequence[np.ndarray],
    vectors: np.ndarray,
    others: Sequence[np.ndarray] = (),
) -> list[Pair]:
    """Return near-duplicates, the most similar pair first.

    A network proposes them, trained or not, and the pixels decide (:func:`.overlap`): how similar
    vectors of near-duplicates are differs from network to network, how similar their pixels are
    does not.

    Args:
        pictures: Of :func:`.to_gray`, n of them.
        vectors: ``(n, C)``, of the same.
        others: ``(n, C)``, of the same otherwise looked at, such as in a mirror.
    """
    found = []
    for first, second in _candidates(vectors, others):
        similarity, mirrored = overlap(pictures[first], pictures[second])
        if similarity >= ALIKE:
            found.append(Pair(first, second, similarity, mirrored))
    return sorted(found, key=lambda pair: (-pair.similarity, pair.first, pair.second))


def _candidates(vectors: np.ndarray, others: Sequence[np.ndarray]) -> Iterator[tuple[int, int]]:
    """Yield pairs of which one is among the nearest neighbors of the other, by any look at it."""
    count, looks = len(vectors), [vectors, *others]
    # Vectors of a network point into similar directions, whatever the pictures.
    middle = vectors.mean(0)
    wanted = CANDIDATES + len(looks)  # each picture is its own neighbor
    places, _ = nearest(vectors - middle, np.concatenate(looks) - middle, count=wanted)
    pairs = {
        (min(query, other), max(query, other))
        for query, near in enumerate(places.tolist())
        for other in (place % count for place in near)
        if other != query
    }
    yield from sorted(pairs)
