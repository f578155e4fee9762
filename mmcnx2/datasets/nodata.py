"""Values that are not there: NaN, infinity and nodata become the channel's mean, and count."""

import logging
from collections.abc import Sequence

import numpy as np
import torch
from mmengine.logging import print_log

from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.paths import printable


def find_missing(values: np.ndarray, nodata: float | None) -> np.ndarray:
    """Return where an image has no value.

    Args:
        values: ``(h, w, C)``.
        nodata: Value that stands for none; None if only NaN and infinity do.

    Returns:
        Bool ``(h, w, C)``, True where there is none.
    """
    floats = values.dtype.kind == 'f'
    absent = ~np.isfinite(values) if floats else np.zeros(values.shape, bool)
    if nodata is None:
        return absent
    with np.errstate(over='ignore'):  # -3.4e38 is infinite in float16, which is missing anyway
        return absent | (values == (values.dtype.type(nodata) if floats else nodata))


def fill(values: np.ndarray, absent: np.ndarray, means: Sequence[float] | None) -> np.ndarray:
    """Put the channel's mean where an image has no value.

    Args:
        values: ``(h, w, C)``, three channels in OpenCV's order.
        absent: Bool ``(h, w, C)``, of :func:`find_missing`.
        means: Of the data's channels in the order of the model's, red first; None takes those of
            the image's own values, and 0 where a channel has none.

    Raises:
        UnreadableImageError: If all is missing, or ``means`` is of another number of channels.
    """
    channels = values.shape[2]
    if absent.all():
        raise UnreadableImageError('all of its pixels are nodata, NaN or infinite.')
    if means is not None and len(means) != channels:
        raise UnreadableImageError(
            f'it has {channels} channels, but fill={tuple(means)} has {len(means)} values: give '
            'one a channel.'
        )
    if means is None:
        there = np.where(absent, 0, values).sum((0, 1), dtype=np.float64)
        means = there / np.maximum((~absent).sum((0, 1)), 1)
    elif channels == 3:
        means = means[::-1]
    means = np.asarray(means, np.float64)
    if values.dtype.kind != 'f':
        means = np.rint(means)
    return np.where(absent, means.astype(values.dtype), values)


class FilledValues:
    """How many values were filled in so far, known to every worker of a process."""

    def __init__(self):
        self._counts = torch.zeros(2, dtype=torch.int64).share_memory_()

    @property
    def images(self) -> int:
        """Images that lacked some."""
        return int(self._counts[0])

    @property
    def values(self) -> int:
        """Values of all channels and images."""
        return int(self._counts[1])

    def add(self, absent: np.ndarray | None, path: str) -> None:
        """Count an image's missing values; the log says so of the 1st, 10th, 100th image and so on.

        Args:
            absent: Bool, True for each of them; None if there are none.
            path: Of the file.
        """
        if absent is None:
            return
        count = int(absent.sum())
        self._counts += torch.tensor([1, count])
        images = self.images
        if images == 10 ** (len(str(images)) - 1):
            print_log(
                printable(
                    f"'{path}' lacks {count} of {absent.size} values (NaN, infinite or nodata), "
                    f"which become the channel's mean; of the images read so far {images} lacked "
                    f'{self.values} values.'
                ),
                logger='current',
                level=logging.WARNING,
            )
