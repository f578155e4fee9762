"""What a folder holds is told: sizes, what cannot be read, what is twice there."""

import shutil

import pytest

from mmcnx2.analysis.data_report import describe_folder, find_copies
from tests.support.pictures import photograph


@pytest.fixture
def folder(tmp_path):
    for number, side in enumerate((40, 64, 100)):
        photograph(side, 200, seed=number).save(tmp_path / f'{number}.png')
    return tmp_path


def test_kinds_sizes_and_channels_are_told(folder):
    said = '\n'.join(describe_folder(str(folder)))
    assert 'Found 3 images' in said and '(3 .png)' in said
    assert 'Short sides: 40 to 100 px, half of them up to 64 px.' in said
    assert '3 channels of uint8' in said
    assert "ImageNet's mean and deviation" in said
    assert 'copies' not in said and 'cannot be read' not in said


def test_what_is_wrong_is_named(folder):
    (folder / 'sub').mkdir()
    shutil.copy(folder / '1.png', folder / 'sub/again.png')
    (folder / 'empty.jpg').touch()
    photograph(8, 8).save(folder / 'tiny.png')
    said = '\n'.join(describe_folder(str(folder)))
    assert '1 are copies of another, byte by byte: 1.png = sub/again.png.' in said
    assert '1 cannot be read' in said and 'empty.jpg' in said
    assert '1 are below 32 px, the stride of the network' in said


def test_files_of_one_size_are_no_copies_unless_their_bytes_are(tmp_path):
    for name, content in dict(a='same', b='same', c='not!', d='longer').items():
        (tmp_path / name).write_text(content)
    paths = [str(tmp_path / name) for name in 'abcd']
    assert find_copies(paths) == [paths[:2]]


def test_a_folder_without_images_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match='holds no image'):
        describe_folder(str(tmp_path))
