"""A C compiler is one with Python's headers, or none that is needed."""

import sysconfig

import pytest

from mmcnx2.compat.c_compiler import has_c_compiler


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of its own: programs in one folder, headers in another."""
    monkeypatch.delenv('CC', raising=False)
    monkeypatch.delenv('TRITON_INTERPRET', raising=False)
    monkeypatch.setenv('PATH', str(tmp_path / 'bin'))
    monkeypatch.setattr(sysconfig, 'get_path', lambda name: str(tmp_path / name))
    for folder in ('bin', 'include'):
        (tmp_path / folder).mkdir()
    return tmp_path


def has() -> bool:
    has_c_compiler.cache_clear()
    try:
        return has_c_compiler()
    finally:
        has_c_compiler.cache_clear()


def add(file) -> None:
    file.touch(mode=0o755)


@pytest.mark.parametrize('compiler', ['gcc', 'clang'])
def test_it_needs_a_program_and_the_headers(compiler, machine):
    assert not has()
    add(machine / 'bin' / compiler)
    assert not has()
    add(machine / 'include/Python.h')
    assert has()


def test_cc_names_it(machine, monkeypatch):
    add(machine / 'include/Python.h')
    monkeypatch.setenv('CC', '/opt/cc')
    assert has()


def test_interpreted_kernels_need_none(machine, monkeypatch):
    monkeypatch.setenv('TRITON_INTERPRET', '1')
    assert has()
