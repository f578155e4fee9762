"""RankMe: the number of directions that features use."""

import numpy as np
import pytest

from mmcnx2.analysis.rank import rankme


def test_it_counts_directions_that_are_used_alike():
    for used in (1, 3, 8):
        assert rankme(np.eye(8)[:used].repeat(5, 0)) == pytest.approx(used)


def test_it_is_the_definition():
    vectors = np.random.default_rng(0).standard_normal((20, 6)).astype(np.float32)
    values = np.sqrt(np.linalg.eigvalsh(vectors.T.astype(float) @ vectors))
    shares = values / values.sum()
    assert rankme(vectors) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))
    assert rankme(1000 * vectors) == pytest.approx(rankme(vectors))
