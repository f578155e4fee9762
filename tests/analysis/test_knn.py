"""k-NN accuracy beside a definition in loops, and its refusals."""

import math
from types import SimpleNamespace

import pytest
import torch

from mmcnx2.analysis.knn import check_same_classes, knn_top1


def definition(queries, labels, bank, bank_labels, k, temperature, leave_one_out) -> float:
    """Wu et al. 2018, section 3.4, one query at a time."""
    right = 0
    for i, (query, label) in enumerate(zip(queries, labels, strict=True)):
        others = [
            (float(torch.cosine_similarity(query, other, dim=0)), int(bank_label))
            for j, (other, bank_label) in enumerate(zip(bank, bank_labels, strict=True))
            if not (leave_one_out and i == j)
        ]
        votes = {}
        for similarity, bank_label in sorted(others, reverse=True)[:k]:
            votes[bank_label] = votes.get(bank_label, 0) + math.exp(similarity / temperature)
        right += max(votes, key=votes.get) == label
    return 100 * right / len(queries)


def clouds(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Four overlapping classes, so that votes matter."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(4, (count,), generator=generator)
    centers = torch.randn(4, 5, generator=torch.Generator().manual_seed(99))
    noise = 1.5 * torch.randn(count, 5, generator=generator, dtype=torch.float64)
    return centers.double()[labels] + noise, labels


@pytest.mark.parametrize('k', [1, 5, 20])
@pytest.mark.parametrize('temperature', [0.07, 1.0])
def test_equals_the_definition_against_a_bank(k, temperature):
    queries, bank = clouds(61, 0), clouds(47, 1)
    expected = definition(*queries, *bank, k, temperature, leave_one_out=False)
    assert 0 < expected < 100, 'the case says nothing'
    assert knn_top1(*queries, *bank, k=k, temperature=temperature, chunk=7) == expected


@pytest.mark.parametrize('k', [1, 5, 20])
def test_equals_the_definition_among_each_other(k):
    queries = clouds(61, 0)
    expected = definition(*queries, *queries, k, 0.07, leave_one_out=True)
    assert 0 < expected < 100, 'the case says nothing'
    assert knn_top1(*queries, k=k, chunk=7) == expected


def test_an_image_does_not_vote_for_itself():
    features, labels = torch.eye(4), torch.arange(4)
    assert knn_top1(features, labels, features, labels, k=1) == 100
    assert knn_top1(features, labels, k=1) == 0


def test_small_temperatures_do_not_overflow():
    queries = clouds(20, 0)
    assert knn_top1(*queries, k=5, temperature=1e-6) == knn_top1(*queries, k=1)


def test_too_few_neighbors_are_refused():
    with pytest.raises(ValueError, match='k=20 neighbors are more than the 9 images'):
        knn_top1(*clouds(10, 0), k=20)


def test_other_classes_are_refused():
    queries, bank = (SimpleNamespace(metainfo=dict(classes=names)) for names in ('abc', 'abd'))
    with pytest.raises(ValueError, match='have 3 classes, the bank 3.* alone has c, d: give both'):
        check_same_classes(queries, bank)
