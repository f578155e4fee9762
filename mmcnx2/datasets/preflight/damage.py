"""Image files that are cut off, without decoding those that are whole."""

import os
import struct
from typing import BinaryIO

from PIL import Image

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_file import open_within
from mmcnx2.datasets.image_header import read_header
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.readers import ReadOptions

_TIFF_OFFSETS, _TIFF_LENGTHS = (273, 324), (279, 325)  # of strips, of tiles


def find_damage(path: str | os.PathLike, options: ReadOptions | None = None) -> str | None:
    """Return why an image file cannot be read, in a few words, or None.

    A file that ends as its format asks passes; any other is decoded, and the decoder has the last
    word. So pixels that are damaged in the middle pass, a file that is cut off does not.

    Args:
        path: Path of the file.
        options: How it will be read.
    """
    data = None
    try:
        with open_within(path) as file:
            if _ends_well(file):
                return None
            file.seek(0)
            data = file.read()
        EncodedImage(data, options=options or ReadOptions()).decode()
    except UnreadableImageError as error:
        if data is None:
            return str(error)  # no regular file
        header = read_header(data)
        if header and not header.color:
            return str(error)  # there may be more to it: several arrays, another dtype
        return 'damaged or cut off' if data else 'empty'
    except OSError as error:
        return error.strerror or str(error)
    return None


def _ends_well(file: BinaryIO) -> bool:
    head = file.read(16)
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 12, 0))
    tail = file.read()
    if head.startswith(b'\xff\xd8\xff'):
        return tail.endswith(b'\xff\xd9')
    if head.startswith(b'\x89PNG\r\n\x1a\n'):
        return tail == b'\0\0\0\0IEND\xaeB`\x82'
    if head.startswith(b'GIF8'):
        return tail.endswith(b';')
    if head.startswith(b'RIFF') and head[8:12] == b'WEBP':
        return size >= 8 + struct.unpack('<I', head[4:8])[0]
    if head.startswith(b'BM'):
        return size >= struct.unpack('<I', head[2:6])[0] > 0
    if head.startswith((b'II*\0', b'MM\0*')):
        return size >= _end_of_tiff(file)
    return False


def _end_of_tiff(file: BinaryIO) -> float:
    """Return where the pixels of the first page end, infinity if the file does not tell."""
    file.seek(0)
    try:
        with Image.open(file) as image:
            tags = image.tag_v2
            for offsets, lengths in zip(_TIFF_OFFSETS, _TIFF_LENGTHS, strict=True):
                if offsets in tags:
                    return max(map(sum, zip(tags[offsets], tags[lengths], strict=True)))
    except Exception:  # of a damaged header Pillow says so in many ways; the decoder is asked then
        pass
    return float('inf')
