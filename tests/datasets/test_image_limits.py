"""Small files that ask for gigabytes or minutes are refused before a decoder sees them."""

import resource
from pathlib import Path

import cv2
import mmcv.transforms
import numpy as np
import pytest
import simplejpeg
from mmengine.registry import init_default_scope

from mmcnx2.datasets import LoadEncodedImage, LoadImageFromFile
from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_limits import MAX_PIXELS, UnreadableImageError, explain
from mmcnx2.datasets.preflight.facts import read_mask
from mmcnx2.datasets.unreadable import run_transforms
from tests.support import bombs
from tests.support.forkserver import start
from tests.support.pictures import encode, photograph

BOMBS = {
    'JPEG': lambda: bombs.jpeg(65500, 65500),
    'progressive JPEG': lambda: bombs.jpeg(65500, 65500, progressive=True),
    'PNG': lambda: bombs.png(20_000, 20_000, bytes(20_000 * 3)),
    'TIFF': lambda: bombs.tiff(2**20, 2**20),
    'BigTIFF': lambda: bombs.tiff(2**20, 2**20, big=True),
    'WebP': lambda: bombs.webp(16383),
    'GIF': lambda: bombs.gif(65535),
    'BMP': lambda: bombs.bmp(60_000),
    'JPEG 2000': lambda: bombs.jpeg2000(60_000),
    'netpbm': lambda: bombs.netpbm(60_000),
    'AVIF': lambda: bombs.avif(60_000),
}
LIES = {
    'JPEG': lambda: bombs.jpeg(15_000, 15_000),
    'progressive JPEG': lambda: bombs.jpeg(15_000, 15_000, progressive=True),
    'PNG': lambda: bombs.png(15_000, 15_000, bytes(99)),
}


def opencv(data: bytes) -> np.ndarray | None:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture
def no_decoder(monkeypatch):
    """Fails the test where anything is decoded."""

    def decode(*_, **__):
        raise AssertionError('it was decoded')

    monkeypatch.setattr(cv2, 'imdecode', decode)
    monkeypatch.setattr(simplejpeg, 'decode_jpeg', decode)


@pytest.mark.parametrize('format', BOMBS)
def test_a_picture_of_too_many_pixels_is_refused_by_its_header(format, no_decoder):
    data = BOMBS[format]()
    assert len(data) < 100_000
    sentence = rf'\d+x\d+ px has more than max_pixels={MAX_PIXELS}'
    with pytest.raises(UnreadableImageError, match=sentence):
        EncodedImage(data)


@pytest.mark.parametrize('format', LIES)
def test_a_file_too_small_for_the_size_in_its_header_is_refused(format, no_decoder):
    with pytest.raises(UnreadableImageError, match=r'15000x15000 px, as its header .* is damaged'):
        EncodedImage(LIES[format]())


def test_a_jpeg_of_too_many_scans_is_refused(no_decoder):
    with pytest.raises(UnreadableImageError, match=r'a JPEG of 3\d\d scans'):
        EncodedImage(bombs.jpeg_of_many_scans(300))


def test_a_picture_as_large_as_the_limit_is_decoded():
    data = encode(photograph(40, 50), 'PNG')
    assert EncodedImage(data, max_pixels=2000).shape == (40, 50)
    with pytest.raises(UnreadableImageError, match='a PNG of 50x40 px has more than max_pixels=19'):
        EncodedImage(data, max_pixels=1999)


def test_a_side_longer_than_opencvs_is_explained(no_decoder):
    with pytest.raises(UnreadableImageError, match='1048576 px.*OPENCV_IO_MAX_IMAGE_WIDTH'):
        EncodedImage(bombs.png(2**20 + 1, 1, bytes(2**20 * 3)))
    with pytest.raises(UnreadableImageError, match='1048576 px.*OPENCV_IO_MAX_IMAGE_HEIGHT'):
        EncodedImage(bombs.png(1, 2**20 + 1, bytes(2**20 * 4)))


@pytest.mark.parametrize('transform', [LoadEncodedImage, LoadImageFromFile])
def test_the_transforms_take_limits_of_their_own(transform, tmp_path):
    path = tmp_path / 'a.png'
    path.write_bytes(encode(photograph(40, 50), 'PNG'))
    with pytest.raises(UnreadableImageError, match='more than max_pixels=100: reduce it, or raise'):
        transform(max_pixels=100)(dict(img_path=str(path)))
    with pytest.raises(UnreadableImageError, match='more than max_bytes=100: reduce it, or raise'):
        transform(max_bytes=100)(dict(img_path=str(path)))
    assert transform(max_pixels=2000)(dict(img_path=str(path)))['ori_shape'] == (40, 50)


def test_a_limit_above_opencvs_says_how_to_raise_that_one(monkeypatch):
    monkeypatch.delenv('OPENCV_IO_MAX_IMAGE_PIXELS', raising=False)
    with pytest.raises(ValueError, match='no more than 1073741824: set .*MAX_IMAGE_PIXELS=2000000'):
        LoadEncodedImage(max_pixels=2_000_000_000)
    monkeypatch.setenv('OPENCV_IO_MAX_IMAGE_PIXELS', '2000000000')
    LoadEncodedImage(max_pixels=2_000_000_000)
    with pytest.raises(ValueError, match='max_bytes=2147483648, but OpenCV'):
        LoadEncodedImage(max_bytes=2**31)


def test_opencv_has_the_limit_that_is_told_of_it():
    with pytest.raises(cv2.error, match='MAX_IMAGE_PIXELS'):
        opencv(bombs.png(2**15 + 1, 2**15))
    assert opencv(bombs.png(2**15, 2**15)) is None


def test_a_decoders_own_limit_is_explained_whoever_reads(tmp_path):
    large = tmp_path / 'large.png'
    large.write_bytes(bombs.png(2**15 + 1, 2**15))
    _, reason = run_transforms([mmcv.transforms.LoadImageFromFile()], dict(img_path=str(large)))
    sentence = (
        'it is larger than the 1073741824 px (pixels) that OpenCV decodes: reduce it, or set '
    )
    assert reason == f'{sentence}OPENCV_IO_MAX_IMAGE_PIXELS before Python starts'
    assert read_mask(str(large), backend='cv2').damage == reason
    assert "imdecode_backend='cv2'" in read_mask(str(large), backend='pillow').damage
    assert explain(ValueError('another')) is None


def _read_all(folder: Path) -> None:
    """Read every file, and leave what was said and the memory that it took."""
    init_default_scope('mmpretrain')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = []
    for path in sorted(folder.iterdir()):
        for transform in (LoadEncodedImage(), LoadImageFromFile()):
            try:
                data = transform(dict(img_path=str(path)))
                data.get('encoded_img') and data['encoded_img'].decode()
                said.append(f'{path.name} was read')
            except UnreadableImageError as error:
                said.append(f'{path.name}: {error}')
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    (folder.parent / 'said').write_text('\n'.join([str(grown // 1024), *said]))


def test_none_of_them_takes_memory(tmp_path):
    """In a process of its own, whose memory has no other peak."""
    (tmp_path / 'bombs').mkdir()
    files = {**BOMBS, **{f'lying {name}': make for name, make in LIES.items()}}
    for name, make in files.items():
        (tmp_path / 'bombs' / name).write_bytes(make())
    process = start(_read_all, tmp_path / 'bombs')
    process.join()
    megabytes, *said = (tmp_path / 'said').read_text().splitlines()
    assert len(said) == 2 * len(files) and not any('was read' in line for line in said), said
    assert int(megabytes) < 50
