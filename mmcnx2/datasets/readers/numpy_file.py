"""Arrays as NumPy writes them: ``.npy``, and one of a ``.npz``."""

import io
import zipfile

import numpy as np

from mmcnx2.datasets.image_header import ImageHeader
from mmcnx2.datasets.image_limits import UnreadableImageError, check_bytes
from mmcnx2.datasets.readers.pixels import MAX_CHANNELS, Pixels, ReadOptions, as_pixels
from mmcnx2.first_few import first_few


def decode_npy(data: bytes, header: ImageHeader, options: ReadOptions, max_pixels: int) -> Pixels:
    """Read an array ``(h, w)``, ``(h, w, C)`` or ``(C, h, w)``.

    Of three axes, the shorter of the first and the last one are the channels, the last if equal.

    Args:
        data: The file's bytes.
        header: Of the file.
        options: Nothing of it concerns this format.
        max_pixels: More is refused.

    Raises:
        UnreadableImageError: If it is damaged or too large, or no image.
    """
    return _read(io.BytesIO(data), max_pixels)


def decode_npz(data: bytes, header: ImageHeader, options: ReadOptions, max_pixels: int) -> Pixels:
    """Read an array of an archive, as :func:`decode_npy` does.

    Args:
        data: The file's bytes.
        header: Of the file.
        options: ``key`` names the array.
        max_pixels: More is refused.

    Raises:
        UnreadableImageError: If it is damaged or too large, has no such array, or no image in it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [name.removesuffix('.npy') for name in archive.namelist()]
            key = names[0] if options.key is None and len(names) == 1 else options.key
            if key not in names:
                asked = 'several arrays' if key is None else f"no array '{key}'"
                raise UnreadableImageError(
                    f'it has {asked}: set key to one of its names ({first_few(names)}).'
                )
            with archive.open(f'{key}.npy') as member:
                return _read(member, max_pixels)
    except (zipfile.BadZipFile, KeyError, NotImplementedError) as error:
        raise UnreadableImageError(f'its archive cannot be read ({error}).') from None


def _read(file, max_pixels: int) -> Pixels:
    try:
        version = np.lib.format.read_magic(file)
        read = {1: np.lib.format.read_array_header_1_0}.get(
            version[0], np.lib.format.read_array_header_2_0
        )
        shape, fortran, dtype = read(file)
    except (ValueError, EOFError) as error:
        raise UnreadableImageError(f"its header is no array's ({error}).") from None
    if dtype.hasobject or dtype.kind not in 'uif':
        raise UnreadableImageError(f'it holds {dtype}, but numbers were expected.')
    count = int(np.prod(shape, dtype=object)) if shape else 1
    check_bytes(count * dtype.itemsize, max_pixels)
    content = file.read(count * dtype.itemsize)
    if len(content) < count * dtype.itemsize:
        raise UnreadableImageError('it is cut off: its array has more values than it holds.')
    values = np.frombuffer(bytearray(content), dtype).reshape(shape, order='F' if fortran else 'C')
    if values.ndim == 3 and values.shape[0] < values.shape[2]:
        values = np.moveaxis(values, 0, 2)
    if values.ndim not in (2, 3) or not values.size:
        raise UnreadableImageError(
            f'its array has the shape {shape}, but (h, w), (h, w, C) or (C, h, w) of at most '
            f'{MAX_CHANNELS} channels was expected.'
        )
    return as_pixels(values)
