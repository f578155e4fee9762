"""Which pictures are alike: nearest neighbors of one, near-duplicates among all."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

MOST_DIRECTIONS = 64
PICTURES_A_DIRECTION = 4
CHANCE = 0.001
"""Pairs of unrelated pictures that are taken for near-duplicates, on average in a whole folder."""


@dataclass(frozen=True)
class Pair:
    """Two pictures.

    Attributes:
        first: Place of one of them.
        second: Place of the other, a later one.
        similarity: Cosine of their whitened vectors, at most 1.
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


def find_duplicates(vectors: np.ndarray, mirrored: np.ndarray | None = None) -> list[Pair]:
    """Return near-duplicates, the most similar pair first.

    Vectors of a network point into similar directions, whatever the pictures, so that one limit of
    their cosine would not do for all networks. They are whitened first: unrelated pictures then
    point anywhere, and how similar two of them become by chance is known
    (:func:`similarity_by_chance`). What is above that is a near-duplicate.

    Args:
        vectors: ``(n, C)``, of pictures.
        mirrored: ``(n, C)``, of the same in a mirror; None looks for no mirrored ones.
    """
    count = len(vectors)
    directions = min(MOST_DIRECTIONS, vectors.shape[1], count // PICTURES_A_DIRECTION)
    if directions < 2:
        return []
    whiten = PCA(directions, whiten=True, svd_solver='full').fit(vectors)
    sides = [vectors] if mirrored is None else [vectors, mirrored]
    straight, *others = (normalize(whiten.transform(side)) for side in sides)
    limit = similarity_by_chance(directions, len(sides) * count * (count - 1) / 2)
    search = NearestNeighbors(radius=np.sqrt(2 - 2 * limit)).fit(
        np.concatenate([straight, *others])
    )
    distances, places = search.radius_neighbors(straight)
    found = {}
    for query, (far, near) in enumerate(zip(distances, places, strict=True)):
        for distance, place in zip(far.tolist(), near.tolist(), strict=True):
            flipped, other = divmod(place, count)
            if other == query:
                continue
            key = (min(query, other), max(query, other))
            similarity = 1 - distance**2 / 2
            if key not in found or similarity > found[key].similarity:
                found[key] = Pair(*key, similarity, bool(flipped))
    return sorted(found.values(), key=lambda pair: (-pair.similarity, pair.first, pair.second))


def similarity_by_chance(directions: int, pairs: float) -> float:
    """Return the cosine that :data:`CHANCE` of so many pairs of random directions exceed.

    The square of the cosine of two random directions in k dimensions follows a beta distribution of
    parameters 1/2 and (k - 1) / 2.

    Args:
        directions: k.
        pairs: Number of pairs that are compared.
    """
    tail = min(0.5, CHANCE / pairs)
    limit = np.sqrt(1 - beta.ppf(2 * tail, (directions - 1) / 2, 1 / 2))
    return float(min(limit, 1 - 1e-6))  # copies are found whatever their rounding
