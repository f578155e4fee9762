"""How large an image is once it is loaded, from the header of its file."""

import os

from PIL import Image

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import UnreadableImageError

_ORIENTATION = 0x0112
_TURNED = (5, 6, 7, 8)  # EXIF orientations whose pixels are stored with the sides exchanged


def upright_size(image: Image.Image) -> tuple[int, int]:
    """Return height and width in pixels after the turn that EXIF asks for, as OpenCV loads images.

    Args:
        image: Opened and not decoded; it stays so.
    """
    width, height = image.size
    # Of a PNG without EXIF before its pixels, Pillow would decode them to look behind.
    told = image.format != 'PNG' or 'exif' in image.info
    turned = told and image.getexif().get(_ORIENTATION) in _TURNED
    return (width, height) if turned else (height, width)


def read_size(path: str | os.PathLike) -> tuple[int, int]:
    """Return height and width in pixels of an image file, upright.

    Raises:
        OSError: It is not there, or no image.
    """
    try:
        with Image.open(path) as image:
            return upright_size(image)
    except Image.DecompressionBombError:  # Pillow ends at 179 million pixels
        try:
            return EncodedImage(read_image_file(path)).shape
        except UnreadableImageError as error:
            raise OSError(f"'{path}' cannot be read: {error}") from None
