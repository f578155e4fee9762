"""Smooth random fields, the raw material of the backgrounds and of soft shadows."""

import cv2
import numpy as np


def value_noise(rng: np.random.Generator, size: int, cells: tuple[float, float]) -> np.ndarray:
    """Random field that varies smoothly over a given number of cells.

    Args:
        rng: Source of randomness.
        size: Side of the field in pixels.
        cells: Number of cells down and across; unequal numbers give streaks.

    Returns:
        Field ``(size, size)``, float32, about -1 to 1.
    """
    rows, columns = (max(2, round(number) + 1) for number in cells)
    grid = rng.uniform(-1, 1, (rows, columns)).astype(np.float32)
    return cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)


def octave_noise(
    rng: np.random.Generator,
    size: int,
    *,
    cells: float = 3.0,
    octaves: int = 4,
    stretch: float = 1.0,
    persistence: float = 0.55,
) -> np.ndarray:
    """Sum of value noises, each twice as fine and weaker than the one before.

    Args:
        rng: Source of randomness.
        size: Side of the field in pixels.
        cells: Cells across in the coarsest octave.
        octaves: Number of octaves; those finer than two pixels a cell are left out.
        stretch: Cells down over cells across.
        persistence: Weight of an octave over that of the coarser one.

    Returns:
        Field ``(size, size)``, float32, zero mean and unit standard deviation.
    """
    field = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        across = cells * 2**octave
        if across > size / 2:
            break
        field += persistence**octave * value_noise(rng, size, (across * stretch, across))
    return (field - field.mean()) / (field.std() + 1e-6)


def squash(field: np.ndarray, sharpness: float = 1.0) -> np.ndarray:
    """Map a field of about unit deviation to 0..1 with soft ends."""
    return 0.5 + 0.5 * np.tanh(sharpness * field)
