"""DICOM, as hospitals keep pictures, by pydicom."""

import io

import numpy as np

from mmcnx2.datasets.image_header import ImageHeader
from mmcnx2.datasets.image_limits import UnreadableImageError, check_size
from mmcnx2.datasets.readers.pixels import Pixels, ReadOptions, as_pixels, require

INSTALL = 'pydicom'


def decode_dicom(data: bytes, header: ImageHeader, options: ReadOptions, max_pixels: int) -> Pixels:
    """Decode a DICOM of one frame.

    Values are rescaled by the file's slope and intercept, such as to Hounsfield units: int16 where
    these are whole numbers that fit, else float32; without them, they stay as stored. MONOCHROME1,
    where the largest value is black, is turned, so that large is bright in all files.

    Args:
        data: The file's bytes.
        header: Of the file; its size is not known before the library has read it.
        options: ``window`` brings values to the display range, float32.
        max_pixels: More is refused.

    Raises:
        UnreadableImageError: If it is damaged or too large, has several frames or no pixels, or a
            package is missing.
    """
    pydicom = require('pydicom', install=INSTALL, what='a DICOM')
    try:
        file = pydicom.dcmread(io.BytesIO(data))
        height, width = int(file.Rows), int(file.Columns)
        samples, bits = int(file.SamplesPerPixel), int(file.BitsAllocated)
        size = ImageHeader('DICOM', height, width, bytes_per_pixel=samples * bits // 8)
        check_size(size, len(data), max_pixels)
        if (frames := int(file.get('NumberOfFrames') or 1)) > 1:
            raise UnreadableImageError(f'it holds {frames} frames: save each as a file of its own.')
        values = pydicom.pixels.pixel_array(file)  # color as RGB
        if samples > 1:
            return as_pixels(values)
        return _grades(file, values, options)
    except UnreadableImageError:
        raise
    except Exception as error:  # the library raises many kinds, the decoders of pixels theirs
        said = ' '.join(str(error).split()).rstrip('.')
        raise UnreadableImageError(f'its DICOM cannot be decoded ({said}).') from None


def _grades(file, values: np.ndarray, options: ReadOptions) -> Pixels:
    """Return gray values in their unit, large ones bright."""
    from pydicom.pixels import apply_windowing

    slope = float(file.get('RescaleSlope') or 1)
    intercept = float(file.get('RescaleIntercept') or 0)
    signed = int(file.PixelRepresentation)
    low = -(1 << int(file.BitsStored) - 1) if signed else 0
    high = low + (1 << int(file.BitsStored)) - 1
    turned = file.PhotometricInterpretation == 'MONOCHROME1'

    if options.window is not None:
        if options.window is not True:
            file.WindowCenter, file.WindowWidth = options.window
        elif file.get('WindowWidth') is None and file.get('VOILUTSequence') is None:
            raise UnreadableImageError('it names no window: give window=(center, width).')
        ends = slope * np.array([[-1e12, 1e12]]) + intercept
        values = apply_windowing(slope * values + intercept, file)
        darkest, brightest = apply_windowing(ends, file)[0]
        values = darkest + brightest - values if turned else values
        return as_pixels(values.astype(np.float32))

    nodata = file.get('PixelPaddingValue')
    if turned:
        values = (low + high - values.astype(np.int64)).astype(values.dtype)
        nodata = None if nodata is None else low + high - nodata
    if (slope, intercept) == (1, 0):
        return as_pixels(values, nodata=nodata)
    values = slope * values + intercept
    nodata = None if nodata is None else slope * nodata + intercept
    return as_pixels(values.astype(_narrowest(values, slope, intercept)), nodata=nodata)


def _narrowest(values: np.ndarray, slope: float, intercept: float) -> type[np.number]:
    """Return int16 where rescaled values are whole numbers that it holds, else float32."""
    fits = np.iinfo(np.int16).min <= values.min() and values.max() <= np.iinfo(np.int16).max
    return np.float32 if slope % 1 or intercept % 1 or not fits else np.int16
