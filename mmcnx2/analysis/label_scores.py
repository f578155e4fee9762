"""What a network's features say of labels that are at hand: k-NN and a linear probe."""

from dataclasses import dataclass

import numpy as np
import torch

from mmcnx2.analysis.knn import knn_top1
from mmcnx2.analysis.linear_probe import fit_probe

NEIGHBORS = 20


@dataclass(frozen=True)
class LabelScores:
    """Shares of pictures that are classified right, in percent.

    Attributes:
        knn: By the nearest of the other pictures.
        probe: By a linear classifier, in cross-validation; None where a class has one picture.
        neighbors: That voted.
    """

    knn: float
    probe: float | None
    neighbors: int


def score_labels(vectors: np.ndarray, labels: np.ndarray) -> LabelScores:
    """Score features, each picture by the others.

    Args:
        vectors: Float ``(n, C)``, at least 2.
        labels: Whole numbers ``(n,)``, of at least two classes.
    """
    neighbors = min(NEIGHBORS, len(vectors) - 1)
    knn = knn_top1(
        torch.from_numpy(vectors), torch.from_numpy(labels.astype(np.int64)), k=neighbors
    )
    validated = fit_probe(vectors, labels).validated
    return LabelScores(knn, max(validated) if validated else None, neighbors)
