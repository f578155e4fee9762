"""k-NN classification: what a frozen encoder's features are worth, without training anything."""

import torch
import torch.nn.functional as F
from torch import Tensor

from mmcnx2.datasets.classes import check_classes


def knn_top1(
    queries: Tensor,
    labels: Tensor,
    bank: Tensor | None = None,
    bank_labels: Tensor | None = None,
    *,
    k: int = 20,
    temperature: float = 0.07,
    chunk: int = 1024,
) -> float:
    """Classify by the k nearest neighbors and return the share that is right, in percent.

    A neighbor of cosine similarity s votes with ``exp(s / temperature)`` (Wu et al. 2018, section
    3.4, with k and temperature as in DINO).

    Args:
        queries: Float ``(n, C)``.
        labels: Int64 ``(n,)``.
        bank: Float ``(m, C)``, the features to compare with; None compares each query with all
            the others.
        bank_labels: Int64 ``(m,)``.
        k: Neighbors that vote.
        temperature: Temperature of the votes; lower trusts the nearest more.
        chunk: Queries compared at once, which bounds the memory at ``chunk * m`` numbers.

    Raises:
        ValueError: If there are fewer than k neighbors.
    """
    leave_one_out = bank is None
    if leave_one_out:
        bank, bank_labels = queries, labels
    check_neighbors(k, len(bank) - leave_one_out)
    queries, bank = F.normalize(queries, dim=1), F.normalize(bank, dim=1)
    classes = int(max(bank_labels.max(), labels.max())) + 1
    right = 0
    for start in range(0, len(queries), chunk):
        similarity = queries[start : start + chunk] @ bank.T
        if leave_one_out:
            similarity.diagonal(start).fill_(-torch.inf)
        nearest, index = similarity.topk(k, dim=1)
        # The largest vote is exp(0): the others stay finite at any temperature.
        weight = ((nearest - nearest[:, :1]) / temperature).exp()
        votes = weight.new_zeros(len(weight), classes)
        votes.scatter_add_(1, bank_labels[index], weight)
        right += int((votes.argmax(1) == labels[start : start + chunk]).sum())
    return 100 * right / len(queries)


def check_neighbors(k: int, images: int) -> None:
    """Refuse more neighbors than there are.

    Args:
        k: Neighbors that vote.
        images: To compare a query with.

    Raises:
        ValueError: If k is larger.
    """
    if k > images:
        raise ValueError(
            f'k={k} neighbors are more than the {images} images to compare with: lower k.'
        )


def check_same_classes(queries, bank) -> None:
    """Refuse two data sets whose labels mean different classes.

    Args:
        queries: A data set with ``metainfo``.
        bank: Another one.

    Raises:
        ValueError: If their classes or the order of them differ.
    """
    sides = (queries.metainfo.get('classes'), bank.metainfo.get('classes'))
    check_classes(*sides, names=('queries', 'the bank'))
