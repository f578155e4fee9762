"""A file's header says how large its picture is, whatever follows it."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmcnx2.datasets.image_header import MAX_SCANS, ImageHeader, jpeg_segments, read_header
from tests.support import bombs
from tests.support.pictures import encode, photograph

HEIGHT, WIDTH = 75, 101
FILES = {
    'JPEG': ('JPEG', {}),
    'progressive JPEG': ('JPEG', dict(progressive=True)),
    'JPEG with EXIF': ('JPEG', dict(orientation=6)),
    'CMYK JPEG': ('JPEG', dict(mode='CMYK')),
    'PNG': ('PNG', {}),
    'PNG of a palette': ('PNG', dict(mode='P')),
    'TIFF': ('TIFF', {}),
    'compressed TIFF': ('TIFF', dict(compression='tiff_deflate')),
    'BigTIFF': ('TIFF', dict(big_tiff=True)),
    'WebP': ('WEBP', {}),
    'lossless WebP': ('WEBP', dict(lossless=True)),
    'WebP with EXIF': ('WEBP', dict(orientation=6)),
    'BMP': ('BMP', {}),
    'GIF': ('GIF', {}),
    'JPEG 2000': ('JPEG2000', {}),
    'JPEG 2000 without a box': ('JPEG2000', dict(no_jp2=True)),
    'netpbm': ('PPM', {}),
    'AVIF': ('AVIF', {}),
}


def file(kind: str) -> bytes:
    format, options = FILES[kind]
    return encode(photograph(HEIGHT, WIDTH), format, **options)


@pytest.mark.parametrize('kind', FILES)
def test_says_the_size(kind):
    header = read_header(file(kind))
    assert (header.height, header.width) == (HEIGHT, WIDTH)
    assert header.format in kind


@pytest.mark.parametrize('ending', ['.tif', '.jp2', '.pgm', '.pbm', '.bmp', '.webp', '.gif'])
def test_says_the_size_of_what_opencv_writes(ending):
    channels = () if ending in ('.pgm', '.pbm') else (3,)
    data = cv2.imencode(ending, np.zeros((HEIGHT, WIDTH, *channels), np.uint8))[1].tobytes()
    header = read_header(data)
    assert (header.height, header.width) == (HEIGHT, WIDTH)


def test_big_endian_tiffs_and_old_bitmaps_are_known():
    data = (
        b'MM\0*\0\0\0\x08\0\x02'
        + b'\x01\0\0\x03\0\0\0\x01\0\x65\0\0'
        + (b'\x01\x01\0\x04\0\0\0\x01\0\0\0\x4b')
    )
    assert read_header(data) == ImageHeader('TIFF', HEIGHT, WIDTH)
    assert read_header(b'BM' + bytes(12) + b'\x0c\0\0\0\x65\0\x4b\0') == (
        ImageHeader('BMP', HEIGHT, WIDTH)
    )


@pytest.mark.parametrize(
    'data',
    [
        bombs.jpeg(65500, 65500),
        bombs.jpeg(65500, 65500, progressive=True),
        bombs.png(65500, 65500),
        bombs.tiff(65500, 65500),
        bombs.tiff(65500, 65500, big=True),
        bombs.gif(65500),
        bombs.bmp(65500),
        bombs.jpeg2000(65500),
        bombs.netpbm(65500),
        bombs.avif(65500),
    ],
    ids=['JPEG', 'progressive', 'PNG', 'TIFF', 'BigTIFF', 'GIF', 'BMP', 'JPEG 2000', 'netpbm',
         'AVIF'],
)  # fmt: skip
def test_says_a_size_that_the_rest_of_the_file_belies(data):
    header = read_header(data)
    assert (header.height, header.width) == (65500, 65500)


def test_no_whole_file_is_smaller_than_the_smallest_for_its_size():
    """The emptiest pictures there are, of formats whose coding sets a limit."""
    smallest = dict(quality=1, optimize=True)
    for format, options in (
        ('JPEG', smallest), ('JPEG', dict(smallest, progressive=True)), ('PNG', dict(optimize=True))
    ):  # fmt: skip
        for mode in ('L', 'RGB'):
            data = encode(Image.new(mode, (4000, 3000)), format, **options)
            assert 0 < read_header(data).fewest_bytes <= len(data), (format, options, mode)


def test_scans_are_counted_without_those_of_previews_and_of_what_follows():
    many = bombs.jpeg_of_many_scans(200)
    once = read_header(encode(photograph(40, 40), 'JPEG')).scans
    assert once == 1 and read_header(many).scans == read_header(many[:-2]).scans > 200
    followed = encode(photograph(40, 40), 'JPEG') + b'\xff\xda' * (MAX_SCANS + 1)
    assert read_header(followed).scans == 1


def test_a_segment_is_a_marker_and_where_its_content_is():
    data = encode(photograph(40, 40), 'JPEG', orientation=6)
    contents = {marker: data[start:end] for marker, start, end in jpeg_segments(data)}
    assert contents[0xE1].startswith(b'Exif\0\0')
    assert 0xC0 in contents and 0xDA not in contents


@pytest.mark.parametrize('kind', FILES)
def test_a_header_that_is_cut_off_says_nothing_or_the_same(kind):
    data = file(kind)
    whole = read_header(data)
    for end in range(0, min(len(data), 700), 3):
        header = read_header(data[:end])
        same = header and (header.height, header.width) == (whole.height, whole.width)
        assert header is None or same, end


@settings(max_examples=100, deadline=None)
@given(kind=st.sampled_from(sorted(FILES)), data=st.data())
def test_no_bytes_end_it_otherwise(kind, data):
    content = bytearray(file(kind))
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(4, min(len(content), 300) - 1))] = data.draw(
            st.integers(0, 255)
        )
    header = read_header(bytes(content))
    assert header is None or (header.height >= 0 and header.width >= 0)


@pytest.mark.parametrize('data', [b'', b'P', b'P6', b'\xff\xd8\xff', b'text', b'RIFF1234WEBPVP9 '])
def test_other_bytes_are_no_picture(data):
    assert read_header(data) is None
