"""Three channels of an image, as a picture of 8 bits: what people are shown of data of any kind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_LOW, _HIGH = 2, 98  # percentiles


@dataclass(frozen=True)
class Shown:
    """Which channels of an image are drawn, and how.

    Attributes:
        numbers: Of the channels, from 1 as in the file: those drawn as red, green and blue, or the
            one drawn in gray.
        places: Where they are among the channels that the model sees, from 0.
        stretched: Whether each goes from black at its 2nd percentile to white at its 98th, in each
            image; color of 8 bits is drawn as it is.
    """

    numbers: tuple[int, ...]
    places: tuple[int, ...]
    stretched: bool

    def describe(self) -> str:
        """Return the words for a caption."""
        if len(self.numbers) == 1:
            drawn = f'channel {self.numbers[0]} in gray'
        else:
            drawn = f'channels {", ".join(map(str, self.numbers))} as red, green, blue'
        return f'{drawn}, percentiles {_LOW} to {_HIGH}' if self.stretched else drawn

    def limits(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what is black and what is white, ``(3,)`` each.

        Args:
            image: ``(h, w, C)``, of any dtype, in the order that the model sees.
        """
        if not self.stretched:
            return np.zeros(3), np.full(3, 255.0)
        values = image[..., self._three].reshape(-1, 3).astype(np.float64)
        low, high = np.percentile(values, (_LOW, _HIGH), axis=0)
        # What is nearly of one value everywhere is not all black.
        flat = high <= low
        low = np.where(flat, values.min(0), low)
        high = np.where(flat, np.maximum(values.max(0), low + 1), high)
        return low, high

    def draw(
        self, image: np.ndarray, limits: tuple[np.ndarray, np.ndarray] | None = None
    ) -> np.ndarray:
        """Return the picture, RGB, uint8 ``(h, w, 3)``, in one piece of memory.

        Args:
            image: As for :meth:`limits`.
            limits: Of another image, to be drawn as that one is.
        """
        if not self.stretched and image.dtype == np.uint8:
            return np.ascontiguousarray(image[..., self._three])
        low, high = self.limits(image) if limits is None else limits
        values = image[..., self._three].astype(np.float64)
        shares = ((values - low) / (high - low)).clip(0, 1)
        return np.ascontiguousarray(np.rint(shares * 255).astype(np.uint8))

    @property
    def _three(self) -> list[int]:
        return list(self.places if len(self.places) == 3 else self.places * 3)


def choose_shown(
    dtype: str,
    channels: int,
    *,
    bands: Sequence[int] | None = None,
    show: Sequence[int] | None = None,
) -> Shown:
    """Choose what is drawn of images.

    Args:
        dtype: Of the images, such as 'uint16'.
        channels: That the model sees.
        bands: Their numbers in the file, from 1; None where they are all of the file's.
        show: Numbers, as in the file, of three channels to draw as red, green and blue, or of one;
            None takes the model's first three, and the first where it has fewer.

    Raises:
        ValueError: ``show`` has another count, or a channel that the model does not see.
    """
    there = list(bands or range(1, channels + 1))
    numbers = list(show or there[: 3 if channels >= 3 else 1])
    if len(numbers) not in (1, 3):
        raise ValueError(
            f'show={_word(numbers)}, but three channels, drawn as red, green and blue, or one is '
            'expected.'
        )
    if unknown := [number for number in numbers if number not in there]:
        raise ValueError(
            f'show={_word(numbers)}, but the model sees no channel {unknown[0]}: choose among '
            f'{_word(there)}.'
        )
    return Shown(
        numbers=tuple(numbers),
        places=tuple(map(there.index, numbers)),
        stretched=not (dtype == 'uint8' and channels == 3 and bands is None),
    )


def _word(numbers: Sequence[int]) -> str:
    return ','.join(map(str, numbers))
