"""What all readers give: pixels as a file holds them, and how to choose among their ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import numpy as np

from mmcnx2.datasets.image_limits import UnreadableImageError

DTYPES = ('uint8', 'uint16', 'int16', 'float16', 'float32')
MAX_CHANNELS = 64


@dataclass(frozen=True)
class ReadOptions:
    """How to read files whose pixels can be seen in several ways.

    Attributes:
        bands: Channels to take and their order, numbered from 1 as in the file; None takes all.
        window: Of DICOM, the window that the file names (True), or center and width of another,
            in the units of the rescaled values; None keeps the values.
        key: Of ``.npz``, the name of the array; None where there is one alone.
        nodata: Value of pixels that are not there; None takes what the file says.
        fill: What each channel gets where there is no value, in the order of the model's
            channels; None takes the mean of the image's others.

    Raises:
        ValueError: If one of them cannot be.
    """

    bands: Sequence[int] | None = None
    window: bool | Sequence[float] | None = None
    key: str | None = None
    nodata: float | None = None
    fill: Sequence[float] | None = None

    def __post_init__(self):
        if self.bands is not None and not _are_bands(self.bands):
            raise ValueError(
                f'bands={self.bands}, but 1 to {MAX_CHANNELS} numbers of channels, from 1 on, were '
                'expected.'
            )
        if self.window not in (None, True) and not _is_window(self.window):
            raise ValueError(
                f'window={self.window}, but None, True or (center, width), the width above 0, was '
                'expected.'
            )
        if self.fill is not None and self.bands and len(self.fill) != len(self.bands):
            raise ValueError(
                f'fill={self.fill} has {len(self.fill)} values, but bands={self.bands} are '
                f'{len(self.bands)} channels: give one a channel.'
            )


@dataclass(frozen=True)
class Pixels:
    """An image as its file holds it.

    Attributes:
        values: ``(h, w, C)``, of one of :data:`DTYPES`; three channels are in OpenCV's order, the
            file's last one first, any other number is in the file's.
        nodata: Value of pixels that are not there, if the file says one.
    """

    values: np.ndarray
    nodata: float | None = None


def as_pixels(values: np.ndarray, *, nodata: float | None = None) -> Pixels:
    """Return an array as pixels, three channels turned into OpenCV's order.

    Args:
        values: ``(h, w)`` or ``(h, w, C)``, channels in the file's order. float64 becomes float32,
            in which everything is computed.
        nodata: As of :class:`Pixels`.

    Raises:
        UnreadableImageError: If there are too many channels, or their dtype is another.
    """
    values = values if values.ndim == 3 else values[..., None]
    dtype = values.dtype.newbyteorder('=')
    dtype = np.dtype(np.float32) if dtype == np.float64 else dtype
    if dtype.name not in DTYPES:
        raise UnreadableImageError(
            f'its pixels are {dtype.name}, but {", ".join(DTYPES)} are read: save it as one of '
            'them.'
        )
    if not 1 <= values.shape[2] <= MAX_CHANNELS:
        raise UnreadableImageError(
            f'it has {values.shape[2]} channels, but 1 to {MAX_CHANNELS} are read: save it with '
            'fewer.'
        )
    values = values.astype(dtype, copy=False)
    return Pixels(values[..., ::-1] if values.shape[2] == 3 else values, nodata)


def choose_bands(values: np.ndarray, bands: Sequence[int]) -> np.ndarray:
    """Take some channels.

    Args:
        values: ``(h, w, C)``, as of :class:`Pixels`.
        bands: As of :class:`ReadOptions`.

    Returns:
        ``(h, w, len(bands))``, three of them in OpenCV's order.

    Raises:
        UnreadableImageError: If the image has not so many.
    """
    channels = values.shape[2]
    if max(bands) > channels:
        raise UnreadableImageError(
            f'it has {channels} channels, but bands={tuple(bands)} asks for number {max(bands)}: '
            'leave out the file, or choose others.'
        )
    numbers = [channels - band if channels == 3 else band - 1 for band in bands]
    return values[..., numbers[::-1] if len(numbers) == 3 else numbers]


def require(package: str, *, install: str, what: str) -> ModuleType:
    """Import the library that reads a format.

    Args:
        package: Its import name.
        install: What pip calls it.
        what: What it is needed for, such as 'a DICOM'.

    Raises:
        UnreadableImageError: If it is not installed, with how to install it.
    """
    if find_spec(package) is None:
        raise UnreadableImageError(
            f'it is {what}, for which a package is missing: pip install {install}.'
        )
    return import_module(package)


def _are_bands(bands: Sequence[int]) -> bool:
    numbers = [band for band in bands if isinstance(band, int) and not isinstance(band, bool)]
    return 1 <= len(bands) <= MAX_CHANNELS and len(numbers) == len(bands) and min(numbers) >= 1


def _is_window(window: Sequence[float] | bool) -> bool:
    return not isinstance(window, bool) and len(window) == 2 and window[1] > 0
