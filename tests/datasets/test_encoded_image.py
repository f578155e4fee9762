"""Any picture of 8 bits becomes upright BGR pixels, whatever wrote it; of 16 bits, none is lost."""

import io

import cv2
import numpy as np
import pytest
import simplejpeg
from PIL import Image, ImageOps

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_limits import UnreadableImageError
from tests.support.pictures import encode, photograph

SIDES = (75, 101)  # neither is a multiple of a JPEG's 8 or 16


@pytest.fixture(scope='module')
def photo() -> Image.Image:
    return photograph(*SIDES)


def pillow(data: bytes) -> np.ndarray:
    """The upright BGR pixels that Pillow sees."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    return np.asarray(image.convert('RGB'))[..., ::-1]


def opencv(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def assert_same(got: np.ndarray, expected: np.ndarray, what: str) -> None:
    assert got.dtype == np.uint8
    assert got.shape == expected.shape, what
    np.testing.assert_array_equal(got, expected, err_msg=what)


@pytest.mark.parametrize(
    'options',
    [
        dict(quality=96, subsampling=0),
        dict(quality=75, subsampling=1),
        dict(quality=75, subsampling=2),
        dict(progressive=True),
        dict(mode='L'),
        dict(keep_rgb=True),
    ],
    ids=lambda options: '-'.join(f'{key}={value}' for key, value in options.items()),
)
def test_jpegs_are_bit_equal_to_pillows_and_opencvs(photo, options):
    data = encode(photo, 'JPEG', **options)
    image = EncodedImage(data)
    assert image.shape == SIDES
    assert_same(image.decode()[0], pillow(data), 'differs from Pillow')
    assert_same(image.decode()[0], opencv(data), 'differs from OpenCV')


@pytest.mark.parametrize('format', ['PNG', 'WEBP', 'BMP', 'TIFF', 'GIF'])
def test_other_formats_are_decoded_whole(photo, format):
    data = encode(photo, format)
    image = EncodedImage(data)
    assert image.shape == SIDES
    pixels, shrunk = image.decode(shrink=4)
    assert shrunk == 1
    assert_same(pixels, pillow(data), format)


@pytest.mark.parametrize('mode', ['RGBA', 'P', 'L', 'LA', '1'])
def test_pngs_of_every_kind_become_color(photo, mode):
    data = encode(photo, 'PNG', mode=mode)
    assert_same(EncodedImage(data).decode()[0], pillow(data), f'PNG in mode {mode}')


def test_16_bit_pngs_keep_their_bits_and_gray_ones_their_one_channel(photo):
    gray = np.asarray(photo.convert('L')).astype(np.uint16) * 257 + 5
    pixels = EncodedImage(encode(Image.fromarray(gray), 'PNG')).decode()[0]
    np.testing.assert_array_equal(pixels, gray[..., None], strict=True)


def test_cmyk_jpegs_become_rgb(photo):
    data = encode(photo, 'JPEG', mode='CMYK', quality=96)
    pixels = EncodedImage(data).decode()[0]
    assert_same(pixels, opencv(data), 'CMYK')
    assert np.abs(pixels.astype(int) - pillow(data)).max() <= 1  # rounding of the conversion


@pytest.mark.parametrize('format', ['JPEG', 'PNG', 'WEBP'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_exif_orientation_is_applied(photo, format, orientation):
    lossless = dict(lossless=True) if format == 'WEBP' else {}
    data = encode(photo, format, orientation=orientation, **lossless)
    image = EncodedImage(data)
    assert image.shape == (SIDES[::-1] if orientation >= 5 else SIDES)
    assert_same(image.decode()[0], pillow(data), f'{format}, orientation {orientation}')


def test_exif_behind_other_segments_is_found(photo):
    data = encode(photo, 'JPEG', orientation=6, icc_profile=b'profile' * 20_000)
    assert EncodedImage(data).shape == SIDES[::-1]


@pytest.mark.parametrize('orientation', [0, 9])
def test_an_invalid_orientation_is_none(photo, orientation):
    data = encode(photo, 'JPEG', orientation=orientation)
    assert_same(EncodedImage(data).decode()[0], opencv(data), f'orientation {orientation}')


@pytest.mark.parametrize('orientation', [1, 6])
@pytest.mark.parametrize('shrink', [2, 4, 8])
def test_jpegs_shrink_while_decoding(shrink, orientation):
    data = encode(photograph(400, 304), 'JPEG', orientation=orientation)
    small, shrunk = EncodedImage(data).decode(shrink)
    assert shrunk == shrink
    whole = pillow(data)
    height, width = whole.shape[0] // shrink, whole.shape[1] // shrink
    means = whole.reshape(height, shrink, width, shrink, 3).mean((1, 3))
    assert small.shape == means.shape
    assert np.abs(small - means).mean() < 4, 'the shrunken image shows something else'


def test_sizes_shrink_to_whole_pixels_rounded_up(photo):
    for shrink in (2, 4, 8):
        pixels, _ = EncodedImage(encode(photo, 'JPEG')).decode(shrink)
        assert pixels.shape[:2] == tuple(-(-side // shrink) for side in SIDES), f'1/{shrink}'


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, 'big') + content


@pytest.mark.parametrize(
    'block',
    [b'', b'MM', b'not TIFF at all', b'II*\0\xff\xff\xff\xff', b'MM\0*\0\0\0\x08\0\x01\x01\x12'],
    ids=['empty', 'two bytes', 'text', 'offset beyond the end', 'entry cut off'],
)
@pytest.mark.filterwarnings('ignore:Corrupt EXIF data')
def test_a_damaged_exif_block_costs_no_image(photo, block):
    data = encode(photo, 'JPEG')
    broken = data[:2] + segment(0xE1, b'Exif\0\0' + block) + data[2:]
    image = EncodedImage(broken)
    assert image.shape == SIDES
    assert_same(image.decode()[0], opencv(data), 'pixels')


def test_segments_may_be_padded(photo):
    data = encode(photo, 'JPEG', orientation=6)
    assert EncodedImage(data[:2] + b'\xff\xff' + data[2:]).shape == SIDES[::-1]


def test_the_size_of_an_image_with_exif_is_no_limit():
    """Pillow refuses to open 180 million pixels; nothing here does."""
    blank = np.zeros((14_000, 14_000), np.uint8)
    data = simplejpeg.encode_jpeg(blank[..., None], colorspace='GRAY', colorsubsampling='Gray')
    exif = Image.Exif()
    exif[0x0112] = 6
    image = EncodedImage(data[:2] + segment(0xE1, exif.tobytes()) + data[2:])
    assert image.shape == (14_000, 14_000)
    assert image.decode(shrink=8)[0].shape == (1750, 1750, 3)


@pytest.mark.parametrize('size', [(1, 1), (1, 40), (40, 1)])
def test_images_of_one_pixel_have_a_size(size):
    for format in ('JPEG', 'PNG'):
        image = EncodedImage(encode(photograph(*size), format))
        assert image.shape == size
        assert image.decode(shrink=8)[0].shape[2] == 3


@pytest.mark.parametrize(
    'damage',
    [
        lambda data: b'',
        lambda data: b'\xff\xd8',
        lambda data: b'not an image',
        lambda data: data[:100],
        lambda data: data[: len(data) // 2],
    ],
    ids=['empty', 'two bytes', 'text', 'header alone', 'half'],
)
@pytest.mark.parametrize('format', ['JPEG', 'PNG'])
def test_damaged_files_are_refused(photo, format, damage):
    data = damage(encode(photo, format))
    with pytest.raises(UnreadableImageError, match='no whole image'):
        EncodedImage(data).decode()[0]


def test_what_libjpeg_only_warns_of_is_decoded(photo):
    data = encode(photo, 'JPEG')
    scan = data.index(b'\xff\xda')
    assert_same(
        EncodedImage(data[:scan] + b'ab' + data[scan:]).decode()[0], pillow(data), 'stray bytes'
    )


def test_bytes_behind_the_image_do_no_harm(photo):
    data = encode(photo, 'JPEG')
    assert_same(EncodedImage(data + b'more').decode()[0], pillow(data), 'trailing bytes')
