"""An image file in memory: its size at once, its pixels when and as large as they are needed."""

from dataclasses import replace

import numpy as np
import simplejpeg
from PIL import Image

from mmcnx2.datasets.image_header import ImageHeader, jpeg_segments, read_header
from mmcnx2.datasets.image_limits import MAX_PIXELS, UnreadableImageError, check_size
from mmcnx2.datasets.nodata import fill, find_missing
from mmcnx2.datasets.readers import ReadOptions, choose_bands, decode, no_whole_image

_AS_IT_IS = ReadOptions()
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
    """Pixels of an encoded image, upright (EXIF orientation applied), in the file's own dtype.

    Gray, YCbCr and RGB JPEGs are decoded by libjpeg-turbo, through simplejpeg, which can also
    decode them at 1/2, 1/4 or 1/8 of their size for a part of the time. Everything else goes
    through its format's reader (:data:`.readers.READERS`) and is decoded whole; OpenCV gives the
    same pixels for the same JPEG at full size. Before anything is decoded, the header has to pass
    :func:`.image_limits.check_size`.

    Args:
        data: The file's bytes.
        max_pixels: A picture that has more, by its header, is refused.
        options: Which channels to take, and how to see what can be seen in several ways.

    Attributes:
        shape: ``(height, width)`` of the upright image in pixels.
        color: Whether it is a gray or color picture of 8 bits.
        missing: Bool ``(h, w, C)``, True for values that the file lacks, NaN, infinity and nodata,
            which became the channel's mean; None if it lacks none.

    Raises:
        UnreadableImageError: If the bytes hold no image that can be decoded, or too large a one.
    """

    def __init__(
        self, data: bytes, *, max_pixels: int = MAX_PIXELS, options: ReadOptions = _AS_IT_IS
    ):
        self._data = data
        self._options = options
        self.missing = None
        self._pixels = None
        self._orientation = 1
        header = read_header(data)
        if header is None:
            raise no_whole_image(data)
        try:
            height, width, color, _ = simplejpeg.decode_jpeg_header(data)
            header = replace(header, height=height, width=width)
        except ValueError:
            color = None
        check_size(header, len(data), max_pixels)
        self.color = header.color
        if color in ('YCbCr', 'Gray', 'RGB'):
            self._stored_shape = height, width
            self._orientation = _orientation(data)
            self.shape = (width, height) if self._orientation >= 5 else (height, width)
        else:
            self._pixels = self._decode_whole(header, max_pixels)
            self.shape = self._pixels.shape[:2]

    @property
    def kind(self) -> tuple[str, int]:
        """Name of the dtype, and number of channels."""
        if self._pixels is None:
            return 'uint8', len(self._options.bands or 'RGB')
        return self._pixels.dtype.name, self._pixels.shape[2]

    def decode(self, shrink: int = 1) -> tuple[np.ndarray, int]:
        """Decode the pixels.

        Args:
            shrink: 1, 2, 4 or 8: a JPEG comes in 1/shrink of its size, rounded up.

        Returns:
            ``(h, w, C)`` of the file's dtype, and how much it was shrunk: ``shrink``, or 1 where
            the image can only be decoded whole. Pictures of 8 bits, gray ones, too, are BGR, uint8
            ``(h, w, 3)``; three channels of another file likewise come in OpenCV's order, the last
            one first, and any other number in the file's.

        Raises:
            UnreadableImageError: If the bytes are damaged.
        """
        if self._pixels is not None:
            return self._pixels, 1
        if self._options.nodata is not None:
            raise UnreadableImageError(
                f'it is a JPEG, whose coding changes values, so that nodata={self._options.nodata} '
                'cannot be found in it: leave nodata out.'
            )
        height, width = (-(-side // shrink) for side in self._stored_shape)
        try:
            pixels = simplejpeg.decode_jpeg(
                self._data, 'BGR', min_height=height, min_width=width, min_factor=shrink
            )
        except ValueError:  # libjpeg complains of more than OpenCV does: it has the last word
            return self._decode_whole(read_header(self._data)), 1
        pixels = _UPRIGHT.get(self._orientation, lambda stored: stored)(pixels)
        if self._options.bands:
            pixels = choose_bands(pixels, self._options.bands)
        return pixels, shrink

    def _decode_whole(self, header: ImageHeader, max_pixels: int = MAX_PIXELS) -> np.ndarray:
        options = self._options
        pixels = decode(self._data, header, options, max_pixels)
        values = choose_bands(pixels.values, options.bands) if options.bands else pixels.values
        nodata = pixels.nodata if options.nodata is None else options.nodata
        if nodata is None and values.dtype.kind != 'f':
            return values
        absent = find_missing(values, nodata)
        if not absent.any():
            return values
        self.missing = absent
        return fill(values, absent, options.fill)


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
