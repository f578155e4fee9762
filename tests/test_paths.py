"""Paths as people write them and as logs can show them."""

from pathlib import Path

import pytest

from mmcnx2.checks import check_not_empty
from mmcnx2.paths import expand_home, printable


def test_a_leading_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv('HOME', '/home/ada')
    assert expand_home('~/pictures') == '/home/ada/pictures'
    assert expand_home('~') == '/home/ada'
    for path in ('/data/~/x', 'a~', 'https://host/~ada/x.pth', ''):
        assert expand_home(path) == path


def test_what_is_no_utf8_is_written_as_python_does():
    assert printable('caf\udce9.jpg') == r'caf\udce9.jpg'
    assert printable(Path('/bilder/größe.jpg')) == '/bilder/größe.jpg'


@pytest.mark.parametrize('path', ['', ' ', Path('').name])
def test_an_empty_path_is_refused(path):
    with pytest.raises(ValueError, match='data_root is empty, but a path is expected.*variable'):
        check_not_empty(data_root=path)


def test_other_paths_pass():
    check_not_empty(data_root='a', work_dir=None, ann_file=Path('b'))
