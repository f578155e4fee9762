"""An image file in memory: its size at once, its pixels when and as large as they are needed."""

from dataclasses import replace

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from mmcnx2.datasets.heic import decode_heic
from mmcnx2.datasets.image_header import jpeg_segments, read_header
from mmcnx2.datasets.image_limits import MAX_PIXELS, UnreadableImageError, check_size
from mmcnx2.datasets.opencv_log import without_opencv_warnings

_EXIF_ORIENTATION = 0x0112
_APP1 = 0xE1

# EXIF orientation -> how the stored pixels (H, W, C) are turned upright (EXIF 2.3, 4.6.4 A).
_UPRIGHT = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}


class EncodedImage:
    """Pixels of an encoded image, upright (EXIF orientation applied), 8 bits, three channels.

    Gray, YCbCr and RGB JPEGs are decoded by libjpeg-turbo, through simplejpeg, which can also
    decode them at 1/2, 1/4 or 1/8 of their size for a part of the time. Everything else (PNG, WebP,
    CMYK JPEG, TIFF...) goes through OpenCV's ``imdecode``, like mmcv's ``LoadImageFromFile``, HEIC
    through pillow-heif, and is decoded whole. Both give the same pixels for the same JPEG at full
    size. Before anything is decoded, the header has to pass :func:`.image_limits.check_size`.

    Args:
        data: The file's bytes.
        max_pixels: A picture that has more, by its header, is refused.

    Attributes:
        shape: ``(height, width)`` of the upright image in pixels.

    Raises:
        UnreadableImageError: If the bytes hold no image that can be decoded, or too large a one.
    """

    def __init__(self, data: bytes, *, max_pixels: int = MAX_PIXELS):
        self._data = data
        self._pixels = None
        self._orientation = 1
        header = read_header(data)
        if header is None:
            raise _no_whole_image(data)
        try:
            height, width, color, _ = simplejpeg.decode_jpeg_header(data)
            header = replace(header, height=height, width=width)
        except ValueError:
            color = None
        check_size(header, len(data), max_pixels)
        if color in ('YCbCr', 'Gray', 'RGB'):
            self._stored_shape = height, width
            self._orientation = _orientation(data)
            self.shape = (width, height) if self._orientation >= 5 else (height, width)
        else:
            self._pixels = decode_heic(data) if header.format == 'HEIC' else _decode_whole(data)
            self.shape = self._pixels.shape[:2]

    def decode(self, shrink: int = 1) -> tuple[np.ndarray, int]:
        """Decode the pixels.

        Args:
            shrink: 1, 2, 4 or 8: a JPEG comes in 1/shrink of its size, rounded up.

        Returns:
            BGR, uint8 ``(h, w, 3)``, and how much it was shrunk: ``shrink``, or 1 where the image
            can only be decoded whole.

        Raises:
            UnreadableImageError: If the bytes are damaged.
        """
        if self._pixels is not None:
            return self._pixels, 1
        height, width = (-(-side // shrink) for side in self._stored_shape)
        try:
            pixels = simplejpeg.decode_jpeg(
                self._data, 'BGR', min_height=height, min_width=width, min_factor=shrink
            )
        except ValueError:  # libjpeg complains of more than OpenCV does: it has the last word
            return _decode_whole(self._data), 1
        return _UPRIGHT.get(self._orientation, lambda stored: stored)(pixels), shrink


def _decode_whole(data: bytes) -> np.ndarray:
    try:
        with without_opencv_warnings():
            pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise UnreadableImageError(f'OpenCV cannot decode it ({error.err}).') from None
    if pixels is None:
        raise _no_whole_image(data)
    return pixels


def _no_whole_image(data: bytes) -> UnreadableImageError:
    return UnreadableImageError(
        f'{len(data)} bytes that begin with {data[:4]!r} hold no whole image in a format that is '
        'read here: repair the file or remove it.'
    )


def _orientation(jpeg: bytes) -> int:
    """Return a JPEG's EXIF orientation, 1 (upright) if it says nothing valid."""
    for marker, start, end in jpeg_segments(jpeg):
        if marker == _APP1 and jpeg[start : start + 6] == b'Exif\0\0':
            return _read_orientation(jpeg[start:end])
    return 1


def _read_orientation(block: bytes) -> int:
    exif = Image.Exif()
    try:
        exif.load(block)
        orientation = exif.get(_EXIF_ORIENTATION)
    except Exception:  # Pillow raises many kinds, and a damaged block costs no image
        return 1
    return orientation if orientation in _UPRIGHT else 1
