"""A map of pictures by their features: by UMAP where umap-learn is, else by two components."""

import sys

import numpy as np
import pytest

from mmcnx2.analysis.report.map import map_section


def groups() -> np.ndarray:
    """Vectors of three groups, which lie far from each other."""
    rng = np.random.default_rng(0)
    return np.concatenate([rng.normal(20 * i, 1, (12, 8)) for i in range(3)]).astype(np.float32)


def thumbnails(count: int) -> list[np.ndarray]:
    return [np.full((8, 8, 3), i, np.uint8) for i in range(count)]


def test_without_umap_learn_two_components_are_drawn(monkeypatch):
    monkeypatch.setitem(sys.modules, 'umap', None)
    section = map_section(groups(), thumbnails(36))
    assert 'two principal components' in section.note and len(section.pictures) == 1


def test_umap_draws_it_where_it_is_installed():
    pytest.importorskip('umap')
    section = map_section(groups(), thumbnails(36))
    assert 'UMAP' in section.note and len(section.pictures) == 1
