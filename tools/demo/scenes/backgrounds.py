"""The materials that scenes are set in ("stuff" in the terms of segmentation data sets).

A material is a function ``(rng, size) -> tone``: the tone is ``(size, size)``, float32, 0 to 1, and
gets its two colors later, so that nothing about a material can be read from its color. Those
that are periodic or streaked carry on behind whatever stands in front of them.
"""

import cv2
import numpy as np

from .noise import octave_noise, squash


def _rotated_grid(rng: np.random.Generator, size: int, spread: float) -> tuple:
    """Pixel coordinates in picture widths, turned by up to ``spread`` radians."""
    angle = rng.uniform(-spread, spread)
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    return cos * x + sin * y, cos * y - sin * x


def clouds(rng: np.random.Generator, size: int) -> np.ndarray:
    """Soft noise in many octaves."""
    cells = rng.uniform(2, 5)
    return squash(octave_noise(rng, size, cells=cells, octaves=5), 0.7)


def grass(rng: np.random.Generator, size: int) -> np.ndarray:
    """Fine streaks that lean one way."""
    streaks = octave_noise(rng, size, cells=rng.uniform(14, 26), octaves=2, stretch=0.12)
    lean = octave_noise(rng, size, cells=2, octaves=2) * 0.02 * size
    y, x = np.mgrid[:size, :size].astype(np.float32)
    bent = cv2.remap(
        streaks,
        x + lean + rng.uniform(-0.6, 0.6) * (y - size / 2),
        y,
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT,
    )
    return squash(bent, 0.9)


def pebbles(rng: np.random.Generator, size: int) -> np.ndarray:
    """Rounded cells of different tones with dark seams."""
    step = size / rng.uniform(7, 13)
    count = int(size / step) + 1
    seeds = (np.mgrid[:count, :count].reshape(2, -1) + rng.uniform(0.1, 0.9, (2, count**2))) * step
    rows, columns = np.minimum(seeds.astype(int), size - 1)
    empty = np.full((size, size), 255, np.uint8)
    empty[rows, columns] = 0
    distance, cell = cv2.distanceTransformWithLabels(
        empty, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    tones = rng.uniform(0.35, 1, int(cell.max()) + 1).astype(np.float32)
    dome = np.clip(1.15 - (distance / (0.75 * step)) ** 2, 0, 1)
    return tones[cell] * dome


def ripples(rng: np.random.Generator, size: int) -> np.ndarray:
    """A grating whose lines wander."""
    across, _ = _rotated_grid(rng, size, np.pi / 3)
    wander = octave_noise(rng, size, cells=2, octaves=2) * rng.uniform(0.2, 0.9)
    return 0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(6, 14) * across + wander)


def tiles(rng: np.random.Generator, size: int) -> np.ndarray:
    """Courses of bricks, each brick of its own tone, with joints between them."""
    x, y = _rotated_grid(rng, size, np.pi / 8)
    rows, columns = rng.uniform(7, 12), rng.uniform(3, 6)
    row = np.floor(y * rows)
    along = x * columns + 0.5 * (row % 2)
    column = np.floor(along)
    tones = rng.uniform(0.5, 1, (64, 64)).astype(np.float32)
    brick = tones[row.astype(int) % 64, column.astype(int) % 64]
    to_joint = np.minimum(
        0.5 - np.abs(y * rows - row - 0.5), rows / columns * (0.5 - np.abs(along - column - 0.5))
    )
    return brick * np.clip(to_joint / 0.16, 0.1, 1)


def weave(rng: np.random.Generator, size: int) -> np.ndarray:
    """Warp and weft: two crossed gratings that pass over and under each other."""
    x, y = _rotated_grid(rng, size, np.pi / 4)
    frequency = 2 * np.pi * rng.uniform(4, 9)
    over = np.sin(frequency * x) * np.sin(frequency * y)
    along = np.where(over > 0, x, y)
    return 0.25 * (over > 0) + 0.75 * np.abs(np.sin(2 * frequency * along))


STUFF_TEXTURES = dict(
    clouds=clouds, grass=grass, pebbles=pebbles, ripples=ripples, tiles=tiles, weave=weave
)

STUFF_CLASSES = tuple(STUFF_TEXTURES)
"""Names of the materials; in the segmentation masks they follow the object classes."""
