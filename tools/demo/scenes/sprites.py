"""One thing, placed in a picture: where it is, how opaque, and what it looks like."""

import dataclasses

import cv2
import numpy as np

from .lighting import two_tone
from .noise import octave_noise, squash
from .shapes import OBJECT_SHAPES, Outlines, bar, blob
from .textures import OBJECT_TEXTURES

_SHIFT = 4  # fractional bits of the corners' coordinates in OpenCV's polygon filler


@dataclasses.dataclass(frozen=True)
class Pose:
    """Where a thing is and how it is turned, stretched and bent.

    Args:
        center: ``(x, y)`` in pixels.
        radius: Half of its larger extent, in pixels.
        angle: Turn in radians.
        squeeze: Width over height, relative to the undistorted thing.
        bend: How far its ends are bent sideways, in radii.
        flip: 1, or -1 to mirror it left to right.
    """

    center: tuple[float, float]
    radius: float
    angle: float
    squeeze: float = 1.0
    bend: float = 0.0
    flip: int = 1

    def matrix(self) -> np.ndarray:
        """``(2, 2)`` from object coordinates to pixels, before the center is added."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        stretch = np.sqrt(self.squeeze)
        return (
            self.radius
            * np.array([[cos, -sin], [sin, cos]])
            @ np.diag([self.flip * stretch, 1 / stretch])
        )

    def to_pixels(self, points: np.ndarray) -> np.ndarray:
        """Map object coordinates ``(P, 2)`` to pixel coordinates ``(P, 2)``."""
        u, v = points.T
        return np.stack([u, v + self.bend * (u**2 - 0.3)], axis=1) @ self.matrix().T + self.center

    def to_object(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Map pixel coordinates to object coordinates u, v, all of one shape."""
        (a, b), (c, d) = np.linalg.inv(self.matrix()).astype(np.float32)
        x, y = x - self.center[0], y - self.center[1]
        u = a * x + b * y
        return u, c * x + d * y - self.bend * (u**2 - 0.3)


@dataclasses.dataclass(frozen=True)
class Sprite:
    """A drawn thing.

    Args:
        alpha: Opacity in the whole picture, ``(H, W)``, float32, 0 to 1.
        window: Rows and columns that hold it.
        color: Look inside the window, ``(h, w, 3)``, float32, 0 to 1.
        label: Index of its object class, None for clutter.
    """

    alpha: np.ndarray
    window: tuple[slice, slice]
    color: np.ndarray
    label: int | None = None

    def draw(self, image: np.ndarray) -> None:
        """Lay it over a picture ``(H, W, 3)``, in place."""
        cover = self.alpha[self.window][..., None]
        image[self.window] += cover * (self.color - image[self.window])


def opacity(outlines: Outlines, size: int) -> np.ndarray:
    """Fill outlines given in pixels, with smooth edges: ``(size, size)``, float32, 0 to 1."""
    canvas = np.zeros((size, size), np.uint8)
    corners = [np.round(outline * 2**_SHIFT).astype(np.int32) for outline in outlines]
    cv2.fillPoly(canvas, corners, 255, lineType=cv2.LINE_AA, shift=_SHIFT)
    return canvas.astype(np.float32) / 255


def _render(rng, size, pose, outlines, texture, light, label) -> Sprite:
    alpha = opacity([pose.to_pixels(outline) for outline in outlines], size)
    x, y, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
    window = slice(y, y + height), slice(x, x + width)
    rows, columns = np.mgrid[window].astype(np.float32)
    u, v = pose.to_object(columns, rows)
    color = two_tone(rng, texture(rng, u, v), contrast=(0.3, 0.6))
    # Rounded surfaces are lighter toward the light.
    toward = (columns - pose.center[0]) * light[0] + (rows - pose.center[1]) * light[1]
    color *= (1 + rng.uniform(0.05, 0.3) * toward / pose.radius)[..., None].astype(np.float32)
    return Sprite(alpha, window, color, label)


def object_sprite(
    rng: np.random.Generator, size: int, pose: Pose, light: np.ndarray, label: int
) -> Sprite:
    """An object of a class: its shape with its texture."""
    name = list(OBJECT_SHAPES)[label]
    return _render(rng, size, pose, OBJECT_SHAPES[name](rng), OBJECT_TEXTURES[name], light, label)


def _mottled(rng, u, v):
    rows, columns = u.shape
    noise = octave_noise(rng, max(2, rows, columns), cells=rng.uniform(2, 6), octaves=3)
    return squash(noise)[:rows, :columns]


def clutter_sprite(
    rng: np.random.Generator, size: int, pose: Pose, light: np.ndarray, *, kind: str
) -> Sprite:
    """A thing of no class.

    Args:
        rng: Source of randomness.
        size: Side of the picture in pixels.
        pose: Where it is.
        light: Unit vector ``(x, y)`` toward the light.
        kind: 'blob' or 'bar', mottled; or 'chimera', the shape of one object class with the
            texture of another one, so that neither is enough to tell a class.
    """
    if kind == 'chimera':
        shape, texture = rng.choice(list(OBJECT_SHAPES), 2, replace=False)
        outlines, texture = OBJECT_SHAPES[shape](rng), OBJECT_TEXTURES[texture]
    else:
        outlines, texture = dict(blob=blob, bar=bar)[kind](rng), _mottled
    return _render(rng, size, pose, outlines, texture, light, None)
