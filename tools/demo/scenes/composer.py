"""Composition of a scene: materials, far clutter, the main object, things in front, light."""

import dataclasses

import numpy as np

from .backgrounds import STUFF_TEXTURES
from .lighting import cast_shadow, illuminate, photograph, two_tone
from .noise import octave_noise
from .sprites import Pose, Sprite, clutter_sprite, object_sprite

UNLABELLED = 0
"""Value of clutter, and of specks of objects, in a segmentation mask."""

MIN_VISIBLE_AREA = 0.002
"""Smallest visible part of an object that is annotated, as a share of the picture's area."""

MIN_VISIBLE_SHARE = 0.3
"""Smallest visible part of an object that is annotated, as a share of the whole object."""

MIN_MAIN_SHARE = 0.5
"""The main object is never hidden by more than the rest of this."""


@dataclasses.dataclass(frozen=True)
class Instance:
    """An annotated object.

    Args:
        label: Index of its class.
        mask: Its visible pixels, ``(H, W)``, bool.
    """

    label: int
    mask: np.ndarray


@dataclasses.dataclass(frozen=True)
class Scene:
    """A picture and everything known about it.

    Args:
        image: ``(H, W, 3)``, uint8, BGR.
        label: Class index of the main object.
        instances: All annotated objects, farthest first.
        semantic: ``(H, W)``, uint8: 0 unlabelled, then the object classes from 1, then the
            materials.
    """

    image: np.ndarray
    label: int
    instances: list[Instance]
    semantic: np.ndarray


def _materials(rng, size, first_value) -> tuple[np.ndarray, np.ndarray]:
    """One material, or two that meet along an uneven line."""
    names = list(STUFF_TEXTURES)
    picks = rng.choice(len(names), 2, replace=False)
    near, far = (
        two_tone(rng, STUFF_TEXTURES[names[pick]](rng, size), contrast=(0.1, 0.32))
        for pick in picks
    )
    image = far
    semantic = np.full((size, size), first_value + picks[1], np.uint8)
    if rng.random() < 0.6:
        y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
        edge = (
            rng.uniform(-0.4, 0.5)
            + rng.uniform(-0.5, 0.5) * x
            + octave_noise(rng, size, cells=2, octaves=2) * rng.uniform(0, 0.08)
        )
        below = y > edge
        image[below] = near[below]
        semantic[below] = first_value + picks[0]
    # No wall and no lawn is the same all over.
    stains = octave_noise(rng, size, cells=2, octaves=3) * rng.uniform(0, 0.15)
    return image * (1 + stains[..., None]), semantic


def _pose(rng, size, radius, *, center=None, spread=0.5) -> Pose:
    if center is None:
        center = rng.uniform(0, size, 2)
    return Pose(
        center=tuple(center),
        radius=radius,
        angle=rng.uniform(-spread, spread),
        squeeze=rng.uniform(0.8, 1.25),
        bend=rng.uniform(-0.15, 0.15),
        flip=int(rng.choice((-1, 1))),
    )


def _clutter(rng, size, light, *, center=None) -> Sprite:
    kind = str(rng.choice(('blob', 'bar', 'chimera'), p=(0.35, 0.25, 0.4)))
    radius = rng.uniform(0.08, 0.17) * size * (1.6 if kind == 'bar' else 1)
    pose = _pose(rng, size, radius, center=center, spread=np.pi)
    return clutter_sprite(rng, size, pose, light, kind=kind)


def _fence(rng, size, light) -> list[Sprite]:
    """Parallel bars across the whole picture, evenly spaced."""
    angle, gap = rng.uniform(0, np.pi), rng.uniform(0.3, 0.45) * size
    normal = np.array([-np.sin(angle), np.cos(angle)])
    start = rng.uniform(0, gap)
    bars = []
    for number in range(-2, 3):
        center = size / 2 + normal * (start + number * gap)
        pose = Pose(tuple(center), size * 0.8, angle, squeeze=5.0)
        bars.append(clutter_sprite(rng, size, pose, light, kind='bar'))
    return [bar for bar in bars if bar.alpha.any()]


def _things(rng, size, classes, label, light) -> tuple[list[Sprite], int]:
    """All things of a scene, farthest first, and the main object's place in the list."""
    radius = rng.uniform(0.28, 0.46) * size
    center = size / 2 + rng.uniform(-1, 1, 2) * (0.54 * size - radius)
    main = object_sprite(rng, size, _pose(rng, size, radius, center=center), light, label)

    far, near = [], []
    for _ in range(rng.choice(3, p=(0.45, 0.35, 0.2))):
        small = _pose(rng, size, rng.uniform(0.1, 0.18) * size)
        other = object_sprite(rng, size, small, light, int(rng.integers(classes)))
        (far if rng.random() < 0.7 else near).append(other)
    far += [_clutter(rng, size, light) for _ in range(rng.integers(0, 3))]
    rng.shuffle(far)
    if rng.random() < 0.1:
        near += _fence(rng, size, light)
    for _ in range(rng.choice(3, p=(0.4, 0.45, 0.15))):
        # On the main object's edge: occlusion that matters.
        toward = rng.uniform(0, 2 * np.pi)
        spot = center + radius * rng.uniform(0.4, 1) * np.array([np.cos(toward), np.sin(toward)])
        near.append(_clutter(rng, size, light, center=spot))
    things = [thing for thing in far if thing.alpha.any()] + [main]
    return things + [thing for thing in near if thing.alpha.any()], len(things) - 1


def _visible(things: list[Sprite]) -> list[np.ndarray]:
    """Visible pixels of each thing, ``(H, W)`` bool, given all of them farthest first."""
    taken = np.zeros(things[0].alpha.shape, bool)
    masks = []
    for thing in reversed(things):
        solid = thing.alpha >= 0.5
        masks.append(solid & ~taken)
        taken |= solid
    return masks[::-1]


def compose(rng: np.random.Generator, *, size: int, classes: int, label: int) -> Scene:
    """Make a scene.

    Args:
        rng: Source of randomness; its state alone decides the scene.
        size: Side of the picture in pixels.
        classes: Number of object classes in the data set.
        label: Class index of the main object.

    Returns:
        The scene. Its main object shows at least ``MIN_MAIN_SHARE`` of itself.
    """
    angle = rng.uniform(0, 2 * np.pi)
    light = np.array([np.cos(angle), np.sin(angle)])
    image, semantic = _materials(rng, size, classes + 1)
    while True:
        things, main = _things(rng, size, classes, label, light)
        visible = _visible(things)
        if visible[main].sum() >= MIN_MAIN_SHARE * (things[main].alpha >= 0.5).sum():
            break

    height = rng.uniform(0.01, 0.06) * size
    instances = []
    for thing, mask in zip(things, visible, strict=True):
        cast_shadow(rng, image, thing.alpha, light, height)
        thing.draw(image)
        whole = (thing.alpha >= 0.5).sum()
        annotated = thing.label is not None and mask.sum() >= max(
            MIN_VISIBLE_AREA * size**2, MIN_VISIBLE_SHARE * whole
        )
        semantic[mask] = thing.label + 1 if annotated else UNLABELLED
        if annotated:
            instances.append(Instance(thing.label, mask))
    image = photograph(rng, illuminate(rng, image, light))
    return Scene(image, label, instances, semantic)
