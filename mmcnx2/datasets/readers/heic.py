"""HEIC pictures, as phones take them, by pillow-heif."""

import cv2
import numpy as np

from mmcnx2.datasets.image_header import ImageHeader
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.readers.pixels import Pixels, ReadOptions, require

INSTALL = 'pillow-heif'


def decode_heic(data: bytes, header: ImageHeader, options: ReadOptions, _=None) -> Pixels:
    """Decode a HEIC picture, upright.

    Args:
        data: The file's bytes.
        header: Of the file.
        options: Nothing of it concerns this format.

    Returns:
        BGR, uint8 ``(h, w, 3)``; what has more bits is scaled to 8, and transparency left out.

    Raises:
        UnreadableImageError: If it is damaged, or pillow-heif is missing.
    """
    pillow_heif = require('pillow_heif', install=INSTALL, what='a HEIC')
    try:
        pixels = np.asarray(pillow_heif.open_heif(data, bgr_mode=True))
    except Exception as error:  # ValueError, EOFError, SyntaxError, RuntimeError, OSError
        raise UnreadableImageError(f'its HEIC cannot be decoded ({error}).') from None
    if pixels.dtype != np.uint8:  # gray pictures of 10 or 12 bits, brought to 16 by pillow-heif
        pixels = (pixels >> 8).astype(np.uint8)
    return Pixels(_in_color(pixels))


def _in_color(pixels: np.ndarray) -> np.ndarray:
    match pixels.shape[2:]:
        case () | (1,):
            return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
        case (2,):
            return cv2.cvtColor(np.ascontiguousarray(pixels[..., 0]), cv2.COLOR_GRAY2BGR)
        case (4,):
            return cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    return np.ascontiguousarray(pixels)
