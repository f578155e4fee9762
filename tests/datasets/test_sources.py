"""Folders, patterns, lists and tables name images; each counts once, what is left out is said."""

import os

import pytest

from mmcnx2.datasets.sources import find_places, list_sources


@pytest.fixture
def root(tmp_path):
    for name in ('a/x/1.png', 'a/x/2.png', 'b/x/3.jpg', 'b/note.md'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def test_several_folders_and_patterns(root):
    both = list_sources(f'{root}/b,{root}/a')
    assert both.root == str(root)
    assert both.names == ['b/x/3.jpg', 'a/x/1.png', 'a/x/2.png'], 'in the order that was asked for'
    assert '; left out: 1 .md' in both.said[0]
    by_pattern = list_sources(f'{root}/*/x')
    assert by_pattern.names == ['a/x/1.png', 'a/x/2.png', 'b/x/3.jpg']
    assert list_sources(f'{root}/**/*.png').names == ['1.png', '2.png']


def test_lists_and_tables_name_files_below_their_folder(root):
    (root / 'list.txt').write_text(f'a/x/2.png\n\n{root}/b/x/3.jpg\na/x/2.png\nb/note.md\n')
    found = list_sources(f'{root}/list.txt')
    assert found.names == ['a/x/2.png', 'b/x/3.jpg']
    assert found.said[0] == f"Found 2 images by '{root}/list.txt'."
    assert '1 files that are no images by their endings' in found.said[1]
    assert '1 images that are named twice, such as in' in found.said[1]
    (root / 'table.csv').write_text('path,other\na/x/1.png,0\n')
    assert list_sources(f'{root}/table.csv,{root}/a').names == ['1.png', '2.png']


def test_a_name_with_a_comma_is_one_place(root):
    os.rename(root / 'a', root / 'a,b')
    assert find_places(f'{root}/a,b') == [f'{root}/a,b']


@pytest.mark.parametrize(
    ('word', 'kind', 'said'),
    [
        ('{}/none', FileNotFoundError, "image folder '.*none' does not exist"),
        ('{}/a,{}/*.gone', FileNotFoundError, r"image folder '.*\*.gone' does not exist"),
        ('{}/a,ftp://bucket/x', ValueError, "'ftp://bucket/x' is neither a path nor an http"),
        ('{}/b/note.md', ValueError, 'is neither a folder, a .zip archive'),
        ('{}/empty.txt', FileNotFoundError, "empty.txt' holds no image"),
    ],
)
def test_what_is_none_of_these_is_one_sentence(word, kind, said, root):
    (root / 'empty.txt').touch()
    with pytest.raises(kind, match=said):
        list_sources(word.replace('{}', str(root)))
