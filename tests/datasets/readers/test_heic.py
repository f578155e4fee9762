"""HEIC, as phones take it: read where pillow-heif is installed, and named where not."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmcnx2.datasets import LoadImageFromFile
from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_header import read_header
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.readers import pixels
from mmcnx2.datasets.shards.pack import PackSettings, pack
from tests.support.pictures import photograph


def encode_heic(image: Image.Image, **options) -> bytes:
    pillow_heif = pytest.importorskip('pillow_heif')
    file = io.BytesIO()
    pillow_heif.from_pillow(image).save(file, quality=95, **options)
    return file.getvalue()


@pytest.mark.parametrize('mode', ['RGB', 'RGBA', 'L', 'LA'])
def test_gives_the_pictures_pixels(mode):
    image = photograph(80, 120).convert(mode)
    encoded = EncodedImage(encode_heic(image))
    pixels, shrunk = encoded.decode(4)
    assert encoded.shape == (80, 120) and shrunk == 1
    assert pixels.dtype == np.uint8 and pixels.flags.c_contiguous
    expected = np.asarray(image.convert('RGB'))[..., ::-1].astype(int)
    assert np.abs(pixels - expected).mean() < 4  # the coding is not exact


def test_is_upright():
    """The container says how the picture is turned, and EXIF says it once more."""
    image = photograph(80, 120)
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels, _ = EncodedImage(encode_heic(image, exif=exif.tobytes())).decode()
    assert pixels.shape == (120, 80, 3)
    turned = cv2.rotate(np.asarray(image)[..., ::-1].copy(), cv2.ROTATE_90_CLOCKWISE)
    assert np.abs(pixels.astype(int) - turned).mean() < 4


def test_what_has_ten_bits_is_scaled_to_eight():
    pillow_heif = pytest.importorskip('pillow_heif')
    gray = np.full((64, 64), 0.5 * 65535, np.uint16)
    file = io.BytesIO()
    pillow_heif.from_bytes('I;16', (64, 64), gray.tobytes()).save(file, quality=95)
    pixels, _ = EncodedImage(file.getvalue()).decode()
    assert pixels.dtype == np.uint8 and np.abs(pixels.astype(int) - 127).max() <= 2


def test_a_damaged_one_is_unreadable():
    data = encode_heic(photograph(80, 120))
    with pytest.raises(UnreadableImageError, match='its HEIC cannot be decoded'):
        EncodedImage(data[: len(data) // 2])


def test_the_limit_holds():
    with pytest.raises(UnreadableImageError, match='a HEIC of .* has more than max_pixels=99'):
        EncodedImage(encode_heic(photograph(80, 120)), max_pixels=99)


def test_fine_tuning_and_shards_read_it_too(tmp_path):
    (tmp_path / 'images').mkdir()
    path = tmp_path / 'images/a.HEIC'
    path.write_bytes(encode_heic(photograph(80, 120)))
    assert LoadImageFromFile()(dict(img_path=str(path)))['img'].shape == (80, 120, 3)
    index = pack(tmp_path / 'images', tmp_path / 'shards', PackSettings(), progress=False)
    assert index.images == 1 and not index.left_out


def test_without_the_package_it_is_named_with_what_to_install(monkeypatch):
    monkeypatch.setattr(pixels, 'find_spec', lambda package: None)
    sizes = b'ispe\0\0\0\0\0\0\0\x50\0\0\0\x40'
    data = b'\0\0\0\x1cftypheic\0\0\0\0mif1heic\0\0\0\0' + sizes
    assert read_header(data).format == 'HEIC'
    with pytest.raises(UnreadableImageError, match='a package is missing: pip install pillow-heif'):
        EncodedImage(data)
