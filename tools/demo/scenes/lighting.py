"""Colors, light, shadows and the camera.

Colors come from one distribution for everything in a scene, so that they tell nothing about what
is seen. Pictures are ``(H, W, 3)``, float32, 0 to 1, channels in OpenCV's order (BGR).
"""

import cv2
import numpy as np

from .noise import octave_noise, squash, value_noise

_LUMA = np.array([0.114, 0.587, 0.299], np.float32)


def two_tone(
    rng: np.random.Generator, tone: np.ndarray, *, contrast: tuple[float, float]
) -> np.ndarray:
    """Color a tone with two random colors of different lightness.

    Args:
        rng: Source of randomness.
        tone: ``(H, W)``, 0 to 1.
        contrast: Range of the difference in lightness; which of the two is lighter is random.

    Returns:
        Picture ``(H, W, 3)``.
    """
    middle, half = rng.uniform(0.3, 0.7), rng.choice((-0.5, 0.5)) * rng.uniform(*contrast)
    ends = []
    for lightness in (middle - half, middle + half):
        tint = rng.uniform(-1, 1, 3).astype(np.float32)
        tint -= tint @ _LUMA
        ends.append(lightness + rng.uniform(0.05, 0.3) * tint)
    low, high = np.clip(ends, 0.02, 0.98).astype(np.float32)
    return low + tone[..., None].astype(np.float32) * (high - low)


def illuminate(rng: np.random.Generator, image: np.ndarray, light: np.ndarray) -> np.ndarray:
    """Brighten the side that the light comes from; sometimes let dappled shade fall on it all.

    Args:
        rng: Source of randomness.
        image: ``(H, W, 3)``.
        light: Unit vector ``(x, y)`` toward the light.
    """
    size = image.shape[0]
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    gain = rng.uniform(0.85, 1.2) + rng.uniform(0.05, 0.3) * (light[0] * x + light[1] * y)
    if rng.random() < 0.3:
        shade = squash(octave_noise(rng, size, cells=2, octaves=3), 3)
        gain = gain * (1 - rng.uniform(0.2, 0.45) * shade)
    return image * gain[..., None].astype(np.float32)


def cast_shadow(
    rng: np.random.Generator, image: np.ndarray, alpha: np.ndarray, light: np.ndarray, height: float
) -> None:
    """Darken the picture, in place, where an object keeps the light away.

    Args:
        rng: Source of randomness.
        image: ``(H, W, 3)``, changed in place, before the object is drawn.
        alpha: Opacity of the object, ``(H, W)``, 0 to 1.
        light: Unit vector ``(x, y)`` toward the light.
        height: How far the shadow falls from the object, in pixels.
    """
    move = np.float32([[1, 0, -light[0] * height], [0, 1, -light[1] * height]])
    moved = cv2.warpAffine(alpha, move, alpha.shape[::-1])
    soft = cv2.GaussianBlur(moved, (0, 0), 0.4 + 0.35 * height)
    image *= 1 - rng.uniform(0.3, 0.6) * soft[..., None]


def photograph(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Defocus, exposure curve and sensor noise.

    Returns:
        Picture ``(H, W, 3)``, uint8.
    """
    size = image.shape[0]
    if rng.random() < 0.5:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.8) * size / 128)
    image = np.clip(image, 0, 1) ** rng.uniform(0.8, 1.25)
    grain = rng.standard_normal(image.shape, np.float32) * rng.uniform(0.008, 0.03)
    image = image + grain + 0.02 * value_noise(rng, size, (3, 3))[..., None]
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)
