"""Files that are cut off are found by how they end; the decoder has the last word."""

import os

import pytest

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.preflight.damage import find_damage
from tests.support.pictures import encode, photograph

FORMATS = ('JPEG', 'PNG', 'WEBP', 'GIF', 'BMP', 'TIFF', 'JPEG2000', 'PPM')


@pytest.fixture
def decodes(monkeypatch) -> list:
    """Counts the files that are decoded."""
    counted = []
    decode = EncodedImage.decode
    monkeypatch.setattr(
        EncodedImage, 'decode', lambda self, *a: counted.append(self) or decode(self, *a)
    )
    return counted


@pytest.mark.parametrize('format', FORMATS)
def test_whole_files_pass_and_cut_ones_do_not(tmp_path, decodes, format):
    data = encode(photograph(40, 60), format)
    path = tmp_path / 'image'
    path.write_bytes(data)
    assert find_damage(path) is None
    assert bool(decodes) == (format in ('JPEG2000', 'PPM')), 'whole files need not be decoded'
    for cut in (20, len(data) // 2):
        path.write_bytes(data[:-cut])
        assert find_damage(path) == 'damaged or cut off'


def test_a_file_that_ends_oddly_and_can_be_decoded_passes(tmp_path):
    path = tmp_path / 'image.jpg'
    path.write_bytes(encode(photograph(40, 60), 'JPEG') + b'a trailer of the camera')
    assert find_damage(path) is None


def test_a_truncated_jpeg_with_a_whole_thumbnail_is_damaged(tmp_path):
    thumbnail = encode(photograph(8, 8), 'JPEG')
    data = encode(photograph(40, 60), 'JPEG')
    block = b'Exif\0\0' + thumbnail
    segment = b'\xff\xe1' + (len(block) + 2).to_bytes(2, 'big') + block
    path = tmp_path / 'image.jpg'
    path.write_bytes(data[:2] + segment + data[2:])
    assert find_damage(path) is None
    path.write_bytes(data[:2] + segment + data[2:-100])
    assert find_damage(path) == 'damaged or cut off'


def test_an_empty_file_and_no_file_are_told_apart(tmp_path):
    path = tmp_path / 'image.jpg'
    assert find_damage(path) == 'No such file or directory'
    path.write_bytes(b'')
    assert find_damage(path) == 'empty'
    path.write_text('<html>not found</html>')
    assert find_damage(path) == 'damaged or cut off'


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / 'a.jpg')
    assert find_damage(tmp_path / 'a.jpg') == 'it is a pipe, but a regular file was expected.'
