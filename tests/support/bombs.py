"""Small files that ask a decoder for gigabytes or minutes."""

import io
import re
import zlib
from struct import pack

import numpy as np
from PIL import Image

from tests.support.pictures import encode, photograph


def png(width: int, height: int, pixels: bytes = b'') -> bytes:
    """Return an RGB PNG of a size, with pixels of any other."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return pack('>I', len(content)) + name + content + pack('>I', zlib.crc32(name + content))

    header = pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    parts = (b'IHDR', header), (b'IDAT', zlib.compress(pixels, 9)), (b'IEND', b'')
    return b'\x89PNG\r\n\x1a\n' + b''.join(chunk(*part) for part in parts)


def jpeg(width: int, height: int, **options) -> bytes:
    """Return a JPEG of a few pixels whose header has another size."""
    data = bytearray(encode(photograph(64, 64), 'JPEG', **options))
    frame = data.index(b'\xff\xc2' if options.get('progressive') else b'\xff\xc0')
    data[frame + 5 : frame + 9] = pack('>HH', height, width)
    return bytes(data)


def jpeg_of_many_scans(scans: int) -> bytes:
    """Return a progressive JPEG that goes over its pixels so many times more."""
    data = encode(Image.new('RGB', (400, 400), (90, 90, 90)), 'JPEG', progressive=True)
    last = data[data.rindex(b'\xff\xc4') : -2]  # Huffman's table and the scan
    return data[:-2] + last * scans + data[-2:]


def tiff(width: int, height: int, *, big: bool = False) -> bytes:
    """Return a TIFF, or a BigTIFF, of a few pixels whose header has another size."""
    data = bytearray(encode(photograph(64, 64), 'TIFF', big_tiff=big))
    for tag, side in ((256, width), (257, height)):
        entry = re.search(pack('<H', tag) + rb'[\x03\x04]\x00\x01', data).start()
        data[entry + 2 : entry + 4] = pack('<H', 4)
        value = entry + (12 if big else 8)
        data[value : value + 4] = pack('<I', side)
    return bytes(data)


def webp(side: int) -> bytes:
    """Return a lossless WebP of one color: its format has room for 16383 px a side."""
    small = encode(Image.new('RGB', (64, 64), (90, 90, 90)), 'WEBP', lossless=True)
    data = bytearray(small)
    bits = int.from_bytes(data[21:25], 'little') & ~(2**28 - 1)
    data[21:25] = pack('<I', bits | (side - 1) | (side - 1) << 14)
    return bytes(data)


def gif(side: int) -> bytes:
    """Return a GIF whose screen has another size than its picture."""
    data = bytearray(encode(photograph(64, 64), 'GIF'))
    data[6:10] = pack('<HH', side, side)
    return bytes(data)


def bmp(side: int) -> bytes:
    """Return a BMP of a few pixels whose header has another size."""
    data = bytearray(encode(photograph(64, 64), 'BMP'))
    data[18:26] = pack('<ii', side, -side)
    return bytes(data)


def jpeg2000(side: int) -> bytes:
    """Return a JPEG 2000 of a few pixels whose codestream has another size."""
    data = bytearray(encode(photograph(64, 64), 'JPEG2000'))
    size = data.index(b'\xff\x4f\xff\x51') + 8
    data[size : size + 8] = pack('>II', side, side)
    return bytes(data)


def netpbm(side: int) -> bytes:
    """Return a picture of a few pixels whose header has another size, behind a comment."""
    return b'P6\n# a comment\n%d %d\n255\n' % (side, side) + bytes(99)


def avif(side: int) -> bytes:
    """Return an AVIF of a few pixels whose header has another size."""
    data = encode(photograph(64, 64), 'AVIF')
    at = data.index(b'ispe') + 8
    return data[:at] + pack('>II', side, side) + data[at + 8 :]


def float_tiff(pixels: np.ndarray) -> bytes:
    """Return a TIFF of 32-bit numbers ``(h, w)``."""
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.float32)).save(file, 'TIFF')
    return file.getvalue()
