"""Files in zip archives are read by their paths, by every worker for itself, and never unpacked."""

import os
import zipfile

import pytest

from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.sources import list_sources
from mmcnx2.datasets.zip_archive import list_members


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / 'my.zip.photos.zip'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as file:
        for name in ('b/2.png', 'a.jpg', 'b/.hidden.png', '__MACOSX/a.jpg', 'note.txt', 'b/'):
            file.writestr(name, name * 100)
    return str(path)


def test_images_are_listed_and_read_within(archive):
    assert list_members(archive) == ['a.jpg', 'b/2.png', 'note.txt']
    found = list_sources(archive)
    folder, name = os.path.split(archive)
    assert (found.root, found.names) == (folder, [f'{name}/a.jpg', f'{name}/b/2.png'])
    assert read_image_file(f'{archive}/b/2.png') == b'b/2.png' * 100


def test_a_forked_worker_reads_beside_its_parent(archive):
    expected = read_image_file(f'{archive}/a.jpg')
    if (child := os.fork()) == 0:
        os._exit(0 if read_image_file(f'{archive}/b/2.png') == b'b/2.png' * 100 else 1)
    assert read_image_file(f'{archive}/a.jpg') == expected
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_what_cannot_be_read_is_one_sentence(archive, tmp_path):
    with pytest.raises(UnreadableImageError, match='has no file of that name'):
        read_image_file(f'{archive}/gone.jpg')
    with pytest.raises(UnreadableImageError, match='has 500 bytes, more than max_bytes=20'):
        read_image_file(f'{archive}/a.jpg', max_bytes=20)
    (tmp_path / 'bad.zip').write_bytes(b'no archive')
    with pytest.raises(ValueError, match="bad.zip' cannot be read"):
        list_members(str(tmp_path / 'bad.zip'))
    with pytest.raises(NotADirectoryError):
        read_image_file(f'{__file__}/a.jpg')
