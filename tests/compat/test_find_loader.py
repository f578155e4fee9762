"""``pkgutil.find_loader`` is answered where Python no longer has it, as it was where it has."""

import pkgutil

import pytest

from mmcnx2.compat.find_loader import answer_find_loader


@pytest.fixture
def removed(monkeypatch):
    """As on Python 3.14."""
    monkeypatch.delattr(pkgutil, 'find_loader', raising=False)
    yield
    monkeypatch.undo()


def test_it_finds_what_is_there_and_nothing_else(removed):
    answer_find_loader()
    assert pkgutil.find_loader('json.decoder') is not None
    assert pkgutil.find_loader('json.no_such_module') is None
    with pytest.raises(ImportError, match='no_such_package'):
        pkgutil.find_loader('no_such_package.module')


def test_pythons_own_stays(monkeypatch):
    own = object()
    monkeypatch.setattr(pkgutil, 'find_loader', own, raising=False)
    answer_find_loader()
    assert pkgutil.find_loader is own
