"""What the look at the data knows of a file: of an image by its header, of a mask by its pixels."""

from dataclasses import dataclass

import mmcv
import numpy as np
from PIL import Image

from mmcnx2.datasets.image_limits import explain
from mmcnx2.datasets.image_size import read_size
from mmcnx2.datasets.preflight.damage import find_damage
from mmcnx2.datasets.readers import ReadOptions

MAX_VALUES = 256
"""So many values of a mask are kept, the largest among them."""


@dataclass(frozen=True)
class ImageFacts:
    """An image file.

    Attributes:
        damage: Why it cannot be read, or None.
        height: In pixels, as it is loaded; None if that was not asked for, or cannot be said.
        width: The same.
    """

    damage: str | None
    height: int | None = None
    width: int | None = None


@dataclass(frozen=True)
class MaskFacts:
    """A mask file, as mmseg reads it.

    Attributes:
        damage: Why it cannot be read, or None.
        height: In pixels.
        width: In pixels.
        channels: 1 for class numbers.
        gray: Whether several channels are equal.
        values: Values of the first channel, ascending.
    """

    damage: str | None
    height: int = 0
    width: int = 0
    channels: int = 1
    gray: bool = False
    values: tuple[float, ...] = ()


def read_end(path: str, *, options: ReadOptions) -> ImageFacts:
    """Return whether an image file is whole, at the cost of opening it."""
    return ImageFacts(find_damage(path, options))


def read_header(path: str, *, options: ReadOptions) -> ImageFacts:
    """Return whether an image file is whole, and its size."""
    if damage := find_damage(path, options):
        return ImageFacts(damage)
    try:
        return ImageFacts(None, *read_size(path))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return ImageFacts(None)  # OpenCV reads more than Pillow, and larger images


def read_mask(path: str, *, backend: str) -> MaskFacts:
    """Decode a mask.

    Args:
        path: Path of the file.
        backend: mmcv's decoder, ``imdecode_backend`` of ``LoadAnnotations``.
    """
    try:
        with open(path, 'rb') as file:
            pixels = mmcv.imfrombytes(file.read(), flag='unchanged', backend=backend)
    except Exception as error:  # decoders share no base class for their errors
        reason = explain(error) or ' '.join(str(error).split()) or type(error).__name__
        # Pillow names the object that it read from, whose address means nothing.
        return MaskFacts(reason.split(' <_io')[0])
    if pixels is None:
        return MaskFacts('no image in it')
    layers = np.atleast_3d(pixels)
    height, width, channels = layers.shape
    first = layers[..., 0]
    gray = channels > 2 and all(np.array_equal(first, layers[..., c]) for c in (1, 2))
    return MaskFacts(None, height, width, channels, bool(gray), _values(first))


def _values(pixels: np.ndarray) -> tuple[float, ...]:
    if pixels.dtype == np.uint8:
        values = np.flatnonzero(np.bincount(pixels.ravel(), minlength=256))
    else:
        values = np.unique(pixels)
    if len(values) > MAX_VALUES:
        values = np.append(values[: MAX_VALUES - 1], values[-1])
    return tuple(values.tolist())
