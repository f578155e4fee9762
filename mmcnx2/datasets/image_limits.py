"""How large a picture and its file may be before they are read: a few bytes can ask for gigabytes.

An option raises either limit; OpenCV has a higher one of its own, which is read from the
environment when it is first imported.
"""

import os
import re

from mmcnx2.checks import check_at_least
from mmcnx2.datasets.image_header import MAX_SCANS, ImageHeader

MAX_PIXELS = 250_000_000
"""0.75 GB once decoded. The largest cameras and scanners have 200 million pixels.

Pixels of 8-bit color are meant: one of more bytes counts for as many as it has bytes for.
"""

MAX_BYTES = 2**30

_OPENCV_MAX_BYTES = 2**31 - 1


class UnreadableImageError(ValueError):
    """The file holds no image that can be decoded, a damaged one, or one that is too large."""


def check_limits(max_pixels: int, max_bytes: int) -> None:
    """Refuse limits that are none, or that OpenCV would not go up to.

    Raises:
        ValueError: With the first one's name and value.
    """
    check_at_least(1, max_pixels=max_pixels, max_bytes=max_bytes)
    if max_pixels > (most := _opencv('PIXELS', 2**30)):
        raise ValueError(
            f'max_pixels={max_pixels}, but OpenCV decodes no more than {most}: set the environment '
            f'variable OPENCV_IO_MAX_IMAGE_PIXELS={max_pixels} before Python starts, or allow less.'
        )
    if max_bytes > _OPENCV_MAX_BYTES:
        raise ValueError(
            f'max_bytes={max_bytes}, but OpenCV decodes no more than {_OPENCV_MAX_BYTES} bytes.'
        )


def check_size(header: ImageHeader, size: int, max_pixels: int) -> None:
    """Refuse a picture by its header.

    Args:
        header: What the file says.
        size: Size of the file in bytes.
        max_pixels: So many are decoded at most.

    Raises:
        UnreadableImageError: If it is too large, its file too small for it, or would take long.
    """
    height, width = header.height, header.width
    if height * width * max(header.bytes_per_pixel, 3) > 3 * max_pixels:
        raise UnreadableImageError(
            f'a {header.format} of {width}x{height} px has more than max_pixels={max_pixels}: '
            'reduce it, or raise max_pixels of the transform that reads it.'
        )
    for side, name in ((width, 'WIDTH'), (height, 'HEIGHT')):
        if side > (most := _opencv(name, 2**20)):
            raise UnreadableImageError(
                f'a {header.format} of {width}x{height} px is larger than the {most} px that '
                f'OpenCV decodes: reduce it, or set OPENCV_IO_MAX_IMAGE_{name} before Python '
                'starts.'
            )
    if size < header.fewest_bytes:
        raise UnreadableImageError(
            f'a {header.format} of {width}x{height} px, as its header says, takes '
            f'{header.fewest_bytes} bytes or more and has {size}: it is damaged or cut off.'
        )
    if header.scans > MAX_SCANS:
        raise UnreadableImageError(
            f'a {header.format} of {header.scans} scans is not decoded, which would take long: '
            f'{MAX_SCANS} are the most; save it again.'
        )


def check_bytes(size: int, max_pixels: int) -> None:
    """Refuse pixels by the memory that they take, where their header is not read here.

    Args:
        size: In bytes, once decoded.
        max_pixels: So many of 8-bit color are decoded at most.

    Raises:
        UnreadableImageError: If it is more.
    """
    if size > 3 * max_pixels:
        raise UnreadableImageError(
            f'its pixels take {size} bytes, more than max_pixels={max_pixels} of 3 bytes do: '
            'reduce it, or raise max_pixels of the transform that reads it.'
        )


def explain(error: Exception) -> str | None:
    """Say which limit of its own a decoder met, and how it is raised; None for other errors.

    Args:
        error: Of OpenCV or Pillow, whoever called them.
    """
    text = str(error)
    if found := re.search(r'CV_IO_MAX_IMAGE_(PIXELS|WIDTH|HEIGHT)', text):
        name = found[1]
        most = _opencv(name, 2**30 if name == 'PIXELS' else 2**20)
        return (
            f'it is larger than the {most} px ({name.lower()}) that OpenCV decodes: reduce it, or '
            f'set OPENCV_IO_MAX_IMAGE_{name} before Python starts'
        )
    if 'decompression bomb' in text:
        return (
            'it has more pixels than Pillow opens (179 million): reduce it, or have OpenCV read it '
            "(imdecode_backend='cv2')"
        )
    return None


def _opencv(name: str, default: int) -> int:
    value = os.environ.get(f'OPENCV_IO_MAX_IMAGE_{name}', '')
    return int(value) if value.isdigit() else default
