"""HEIC pictures, as phones take them, through pillow-heif where that is installed."""

from importlib.util import find_spec

import cv2
import numpy as np

from mmcnx2.datasets.image_limits import UnreadableImageError

HEIC_EXTENSIONS = ('.heic', '.heif', '.hif')
HOW_TO_READ = 'pip install pillow-heif'


def reads_heic() -> bool:
    """Return whether pillow-heif is installed."""
    return find_spec('pillow_heif') is not None


def decode_heic(data: bytes) -> np.ndarray:
    """Decode a HEIC picture, upright.

    Args:
        data: The file's bytes.

    Returns:
        BGR, uint8 ``(h, w, 3)``; what has more bits is scaled to 8, and transparency left out.

    Raises:
        UnreadableImageError: If it is damaged, or pillow-heif is missing.
    """
    if not reads_heic():
        raise UnreadableImageError(f'it is a HEIC, for which a package is missing: {HOW_TO_READ}.')
    import pillow_heif

    try:
        pixels = np.asarray(pillow_heif.open_heif(data, bgr_mode=True))
    except Exception as error:  # ValueError, EOFError, SyntaxError, RuntimeError, OSError
        raise UnreadableImageError(f'its HEIC cannot be decoded ({error}).') from None
    if pixels.dtype != np.uint8:  # gray pictures of 10 or 12 bits, brought to 16 by pillow-heif
        pixels = (pixels >> 8).astype(np.uint8)
    match pixels.shape[2:]:
        case () | (1,):
            return cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
        case (2,):
            return cv2.cvtColor(np.ascontiguousarray(pixels[..., 0]), cv2.COLOR_GRAY2BGR)
        case (4,):
            return cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR)
    return np.ascontiguousarray(pixels)
