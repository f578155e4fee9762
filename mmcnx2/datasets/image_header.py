"""How large a picture is, from the header of its file: what is known before anything is decoded."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from struct import error as StructError
from struct import unpack_from

from mmcnx2.datasets.tiff_header import read_tiff_header

_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_MARKER = re.compile(rb'\xff[^\x00\xd0-\xd7\xff]')  # but zeros and restarts within a scan
# Start-of-frame markers, and those of them whose pixels are coded by Huffman's code.
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_HUFFMAN = {0xC0, 0xC1, 0xC2}
MAX_SCANS = 100
"""Progressive JPEGs have about ten."""

_HEIC_BRANDS = {b'heic', b'heix', b'heim', b'heis', b'hevc', b'hevx', b'mif1', b'msf1'}
_NETPBM = re.compile(
    rb'P[1-6](?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s(?:(?:\s|#[^\n]*\n)*(\d+)\s)?'
)
_BITS_OF_PNG_COLOR = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # samples a pixel


@dataclass(frozen=True)
class ImageHeader:
    """What a file says of its picture.

    Attributes:
        format: Its name, such as 'JPEG'.
        height: In pixels, as stored.
        width: In pixels, as stored.
        fewest_bytes: A whole file of this size has so many at least, where the format tells.
        scans: How often a decoder goes over all pixels, where the format tells.
        color: Whether it has 8 bits and is gray or color, with transparency or without: what is
            loaded as three channels. Else it is loaded as it is.
        bytes_per_pixel: Once decoded, all channels together, where the format tells.
    """

    format: str
    height: int
    width: int
    fewest_bytes: int = 0
    scans: int = 1
    color: bool = True
    bytes_per_pixel: int = 3


def read_header(data: bytes) -> ImageHeader | None:
    """Return what the first bytes of a file say of its picture, or None if it has no known format.

    JPEG, PNG, TIFF, BigTIFF, WebP, BMP, GIF, JPEG 2000, netpbm, AVIF, HEIC, DICOM and NumPy's files
    are known; of the last two the readers find out the size. Nothing is decoded, and no more memory
    is taken than the file's bytes.

    Args:
        data: The file, or a beginning of it that holds the header.
    """
    for begins, reader in _READERS:
        if begins(data):
            try:
                return reader(data)
            except (StructError, IndexError):
                return None  # cut off within the header
    return None


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the segments before a JPEG's pixels: marker, and where the content begins and ends."""
    at = 2
    while (at := data.find(b'\xff', at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker == _START_OF_SCAN:
            return
        if marker in (0x00, 0xFF):  # segments may be padded
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], 'big')
        yield marker, at + 4, end
        at = end


def _jpeg(data: bytes) -> ImageHeader | None:
    for marker, start, _ in jpeg_segments(data):
        if marker in _FRAMES:
            height, width = unpack_from('>HH', data, start + 1)
            # At least a bit for each block of 8x8 px.
            fewest = height * width // 512 if marker in _HUFFMAN else 0
            return ImageHeader('JPEG', height, width, fewest, _count_scans(data))
    return None


def _count_scans(jpeg: bytes) -> int:
    """Count the scans of a JPEG, not those of previews in it or of what follows it."""
    most = jpeg.count(bytes([0xFF, _START_OF_SCAN]))
    if most <= MAX_SCANS:
        return most  # almost always, and much faster
    count, at = 0, 2
    while marker := _MARKER.search(jpeg, at):
        if marker[0][1] == _END_OF_IMAGE:
            break
        count += marker[0][1] == _START_OF_SCAN
        at = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2], 'big')
    return count


def _png(data: bytes) -> ImageHeader:
    width, height, depth, color = unpack_from('>IIBB', data, 16)
    samples = _BITS_OF_PNG_COLOR.get(color, 1)
    fewest = height * (width * depth * samples // 8) // 1032  # deflate's largest ratio
    if depth <= 8:
        return ImageHeader('PNG', height, width, fewest)
    return ImageHeader('PNG', height, width, fewest, color=False, bytes_per_pixel=2 * samples)


def _tiff(data: bytes) -> ImageHeader | None:
    if (tiff := read_tiff_header(data)) is None:
        return None
    return ImageHeader(
        'TIFF', tiff.height, tiff.width, color=tiff.color, bytes_per_pixel=tiff.bytes_per_pixel
    )


def _webp(data: bytes) -> ImageHeader | None:
    match data[12:16]:
        case b'VP8 ':
            width, height = (side & 0x3FFF for side in unpack_from('<HH', data, 26))
        case b'VP8L':
            bits = unpack_from('<I', data, 21)[0]
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b'VP8X':
            low, high, *rest = unpack_from('<HBHB', data, 24)
            width, height = (low | high << 16) + 1, (rest[0] | rest[1] << 16) + 1
        case _:
            return None
    return ImageHeader('WebP', height, width)


def _bmp(data: bytes) -> ImageHeader:
    old = unpack_from('<I', data, 14)[0] == 12
    width, height = unpack_from('<HH' if old else '<ii', data, 18)
    return ImageHeader('BMP', abs(height), abs(width))  # a negative height: stored top down


def _gif(data: bytes) -> ImageHeader:
    width, height = unpack_from('<HH', data, 6)
    return ImageHeader('GIF', height, width)


def _netpbm(data: bytes) -> ImageHeader | None:
    found = _NETPBM.match(data, 0, 2**16)
    if found is None:
        return None
    deep = data[1:2] in b'2356' and int(found[3] or 0) > 255
    size = int(found[2]), int(found[1])
    return ImageHeader('netpbm', *size, color=not deep, bytes_per_pixel=6 if deep else 3)


def _jpeg2000(data: bytes) -> ImageHeader | None:
    """Read the size in the codestream, which decoders go by, within its box or without one."""
    at = 0
    while data[at : at + 4] != b'\xff\x4f\xff\x51':
        length, kind = unpack_from('>I4s', data, at)
        header = 16 if length == 1 else 8
        if length == 1:
            length = unpack_from('>Q', data, at + 8)[0]
        if kind == b'jp2c':
            at += header
        elif length >= header:
            at += length
        else:
            return None
    right, bottom, left, top = unpack_from('>4I', data, at + 8)
    size = max(bottom - top, 0), max(right - left, 0)
    channels, depth = unpack_from('>HB', data, at + 40)
    deep = (depth & 0x7F) + 1 > 8
    bytes_per_pixel = 2 * channels if deep else 3
    return ImageHeader('JPEG 2000', *size, color=not deep, bytes_per_pixel=bytes_per_pixel)


def _avif_or_heic(data: bytes) -> ImageHeader | None:
    brands = data[8 : min(unpack_from('>I', data)[0], 256)]
    brands = {brands[i : i + 4] for i in range(0, len(brands), 4)}
    if brands & {b'avif', b'avis'}:
        format = 'AVIF'
    elif brands & _HEIC_BRANDS:
        format = 'HEIC'
    else:
        return None
    # The largest part counts: the others are its tiles, thumbnails and transparency.
    sizes = [unpack_from('>II', part[1]) for part in _PART_SIZE.finditer(data)]
    if not sizes:
        return None
    width, height = max(sizes, key=lambda size: size[0] * size[1])
    return ImageHeader(format, height, width)


def _unknown_size(format: str) -> Callable[[bytes], ImageHeader]:
    return lambda data: ImageHeader(format, 0, 0, color=False)


_PART_SIZE = re.compile(rb'ispe\0\0\0\0(.{8})', re.DOTALL)
_READERS = (
    # First: what stands before its mark may be the header of a TIFF.
    (lambda data: data[128:132] == b'DICM', _unknown_size('DICOM')),
    (lambda data: data.startswith(b'\xff\xd8\xff'), _jpeg),
    (lambda data: data.startswith(b'\x89PNG\r\n\x1a\n'), _png),
    (lambda data: data.startswith((b'II*\0', b'MM\0*', b'II+\0', b'MM\0+')), _tiff),
    (lambda data: data.startswith(b'RIFF') and data[8:12] == b'WEBP', _webp),
    (lambda data: data.startswith(b'BM'), _bmp),
    (lambda data: data.startswith((b'GIF87a', b'GIF89a')), _gif),
    (lambda data: data.startswith((b'\0\0\0\x0cjP  ', b'\xff\x4f\xff\x51')), _jpeg2000),
    (lambda data: data[4:8] == b'ftyp', _avif_or_heic),
    (lambda data: data[:1] == b'P' and data[1:2].isdigit(), _netpbm),
    (lambda data: data.startswith(b'\x93NUMPY'), _unknown_size('NumPy array')),
    (lambda data: data.startswith(b'PK\x03\x04'), _unknown_size('NumPy archive')),
)
