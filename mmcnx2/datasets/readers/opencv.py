"""Pictures of photographic formats, by OpenCV."""

import cv2
import numpy as np

from mmcnx2.datasets.image_header import ImageHeader
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.readers.opencv_log import without_opencv_warnings
from mmcnx2.datasets.readers.pixels import Pixels, ReadOptions

_AS_DEEP_AS_IT_IS = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR


def decode_with_opencv(data: bytes, header: ImageHeader, options: ReadOptions, _=None) -> Pixels:
    """Decode a file upright: 8 bits to three channels, gray ones, too; 16 bits as they are.

    Args:
        data: The file's bytes.
        header: Of the file; ``color`` says that it has 8 bits.
        options: Nothing of it concerns these formats.

    Raises:
        UnreadableImageError: If it is damaged.
    """
    flags = cv2.IMREAD_COLOR if header.color else _AS_DEEP_AS_IT_IS
    try:
        with without_opencv_warnings():
            values = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise UnreadableImageError(f'OpenCV cannot decode it ({error.err}).') from None
    if values is None:
        raise no_whole_image(data)
    return Pixels(values if values.ndim == 3 else values[..., None])


def no_whole_image(data: bytes) -> UnreadableImageError:
    """Return the error of bytes that no reader knows, or whose reader finds no whole image."""
    return UnreadableImageError(
        f'{len(data)} bytes that begin with {data[:4]!r} hold no whole image in a format that is '
        'read here: repair the file or remove it.'
    )
