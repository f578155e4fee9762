"""TIFF of any depth and number of channels, GeoTIFF and microscopes' included, by tifffile."""

import io
import math

import numpy as np

from mmcnx2.datasets.image_header import ImageHeader
from mmcnx2.datasets.image_limits import UnreadableImageError, check_bytes
from mmcnx2.datasets.readers.opencv import decode_with_opencv
from mmcnx2.datasets.readers.pixels import Pixels, ReadOptions, as_pixels, require

_GDAL_NODATA = 42113
_CHANNEL_AXES = 'SCQI'  # samples of a pixel, channels, pages that mean nothing else
_ALPHA = (1, 2)  # extra samples
_WHITE_IS_ZERO = 0


def decode_tiff(data: bytes, header: ImageHeader, options: ReadOptions, max_pixels: int) -> Pixels:
    """Decode a TIFF: 8-bit gray and color by OpenCV, anything else as it is, but for transparency.

    Args:
        data: The file's bytes.
        header: Of the file.
        options: Nothing of it concerns this format.
        max_pixels: More is refused, see :func:`.image_limits.check_bytes`.

    Raises:
        UnreadableImageError: If it is damaged or too large, holds several images, or a package is
            missing.
    """
    if header.color:
        return decode_with_opencv(data, header, options)
    tifffile = require(
        'tifffile', install='tifffile imagecodecs', what='a TIFF of more than 8-bit gray and color'
    )
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            series, page = file.series[0], file.pages.first
            check_bytes(series.nbytes, max_pixels)
            return _to_pixels(series, page)
    except UnreadableImageError:
        raise
    except Exception as error:  # the library raises many kinds, the codecs theirs
        said = ' '.join(str(error).split()).rstrip('.')
        mend = ': pip install imagecodecs' if 'imagecodecs' in said else ''
        raise UnreadableImageError(f'its TIFF cannot be decoded ({said}){mend}.') from None


def _to_pixels(series, page) -> Pixels:
    values, axes = series.asarray(), series.axes
    kept = [axis for axis, length in zip(axes, values.shape, strict=True) if length > 1]
    kept = [axis for axis in axes if axis in kept or axis in 'YX']
    values = values.reshape([n for n, a in zip(values.shape, axes, strict=True) if a in kept])
    channels = [axis for axis in kept if axis not in 'YX']
    if len(channels) > 1 or any(axis not in _CHANNEL_AXES for axis in channels):
        sizes = ', '.join(f'{a} {n}' for a, n in zip(kept, values.shape, strict=True))
        raise UnreadableImageError(
            f'it holds several images (axes {sizes}): save each as a file of its own.'
        )
    values = np.moveaxis(values, kept.index(channels[0]), -1) if channels else values[..., None]
    if page.photometric == _WHITE_IS_ZERO and values.dtype.kind == 'u':
        values = (1 << page.bitspersample) - 1 - values
    if channels == ['S'] and page.extrasamples and page.extrasamples[-1] in _ALPHA:
        values = values[..., :-1]
    return as_pixels(values, nodata=_nodata(page))


def _nodata(page) -> float | None:
    tag = page.tags.get(_GDAL_NODATA)
    try:
        value = float(str(tag.value).strip('\0 ')) if tag else math.nan
    except ValueError:
        return None
    return None if math.isnan(value) else value  # NaN counts as none anyway
