"""``alias_collections`` gives ``collections.Sequence`` back where MinkowskiEngine asks for it."""

import collections
import collections.abc

import pytest

from mmcnx2.compat import minkowski_collections


@pytest.fixture
def without_alias():
    before = vars(collections).pop('Sequence', None)
    yield
    vars(collections).pop('Sequence', None)
    if before is not None:
        collections.Sequence = before


def pretend(monkeypatch, *, installed):
    monkeypatch.setattr(
        minkowski_collections, 'find_spec', lambda name: object() if installed else None
    )


def test_with_minkowskiengine(monkeypatch, without_alias):
    pretend(monkeypatch, installed=True)
    assert minkowski_collections.alias_collections()
    assert collections.Sequence is collections.abc.Sequence


def test_without_minkowskiengine_nothing_is_touched(monkeypatch, without_alias):
    pretend(monkeypatch, installed=False)
    assert not minkowski_collections.alias_collections()
    assert not hasattr(collections, 'Sequence')
