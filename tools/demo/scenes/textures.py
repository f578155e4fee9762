"""Surface patterns of the object classes.

A texture is a function ``(rng, u, v) -> tone``: u and v are arrays of the object's own coordinates
(see ``shapes``), the tone has their shape, float32, 0 to 1. Patterns follow the object's symmetry,
so that what an occluder hides can be told from what is left.
"""

import numpy as np


def _wave(phase: np.ndarray, sharpness: float = 2.0) -> np.ndarray:
    """Soft square wave, 0 to 1."""
    return 0.5 + 0.5 * np.tanh(sharpness * np.sin(phase))


def _dots(distance: np.ndarray, radius: float) -> np.ndarray:
    return np.clip((radius - distance) / (0.35 * radius) + 0.5, 0, 1)


def facets(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Flat sectors around an off-center point, inside and outside a table."""
    sectors = int(rng.integers(6, 9))
    u, v = u - rng.uniform(-0.15, 0.15), v - rng.uniform(-0.1, 0.1)
    sector = np.floor((np.arctan2(v, u) / (2 * np.pi) + 0.5) * sectors).astype(int) % sectors
    tones = rng.permutation(np.linspace(0, 1, sectors)).astype(np.float32)
    inner = np.roll(tones, sectors // 2) * 0.7 + 0.3
    return np.where(u**2 + (1.4 * v) ** 2 < rng.uniform(0.2, 0.3), inner[sector], tones[sector])


def scales(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Rows of overlapping arcs, every second row shifted by half a scale."""
    number = rng.uniform(4, 6.5)
    along = u * number
    row = np.floor(along)
    across = (v * number + 0.5 * (row % 2)) % 1 - 0.5
    return np.clip(1.1 - 1.1 * ((along - row) ** 2 + 2.2 * across**2), 0, 1)


def rings(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Concentric circles."""
    return _wave(2 * np.pi * rng.uniform(3, 4.6) * np.hypot(u, v) + rng.uniform(0, 6.3))


def checks(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Chequered board."""
    pitch = np.pi * rng.uniform(2.6, 4.2)
    return 0.5 + 0.5 * np.tanh(5 * np.sin(pitch * u + rng.uniform(0, 3)) * np.sin(pitch * v))


def veins(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Chevrons that meet at a midrib."""
    slope = rng.uniform(0.7, 1.3)
    side = _wave(2 * np.pi * rng.uniform(3, 4.6) * (u - slope * np.abs(v)), 1.5)
    return np.where(np.abs(v) < 0.05, 1 - 0.2 * np.abs(u), 0.85 * side)


def spots(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Scattered round spots of different sizes above, fine upright lines below."""
    tone = np.zeros_like(u)
    for row in range(3):
        for column in range(4):
            x = -0.78 + 0.52 * column + 0.26 * (row % 2) + rng.uniform(-0.07, 0.07)
            y = -0.8 + 0.38 * row + rng.uniform(-0.06, 0.06)
            tone = np.maximum(tone, _dots(np.hypot(u - x, v - y), rng.uniform(0.09, 0.16)))
    return np.where(v > 0.12, 0.35 + 0.3 * _wave(2 * np.pi * rng.uniform(4, 6) * u), tone)


def twist(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Slanted strands that wind around the center, as on a rope laid in a circle."""
    strands, slant = int(rng.integers(9, 15)), rng.choice((-1, 1)) * rng.uniform(4, 8)
    return _wave(strands * np.arctan2(v, u) + slant * np.hypot(u, v))


def ribs(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Rays from the hinge, crossed by faint growth lines."""
    angle, reach = np.arctan2(u / 0.72, 0.95 - v), np.hypot(u, 0.95 - v)
    rays = _wave(rng.uniform(15, 21) * angle + np.pi / 2, 1.3)
    return 0.78 * rays + 0.22 * _wave(2 * np.pi * rng.uniform(2, 3) * reach)


def studs(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Rows of studs along five arms, with smaller ones beside them."""
    angle, radius = np.arctan2(u, -v), np.hypot(u, v)
    arm = np.pi / 5 - np.abs(angle % (2 * np.pi / 5) - np.pi / 5)
    step = rng.uniform(0.15, 0.21)
    along = (radius % step) - step / 2
    middle = _dots(np.hypot(radius * np.sin(arm), along), 0.38 * step)
    beside = _dots(np.hypot(radius * np.sin(arm) - 0.75 * step, along), 0.24 * step)
    return np.maximum(middle, 0.8 * beside)


def bands(rng: np.random.Generator, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Level bands of unequal widths, a zigzag in the widest."""
    wide = _wave(2 * np.pi * rng.uniform(1.4, 2.2) * v + rng.uniform(1, 2) * np.sin(3 * v), 3)
    zigzag = np.abs((u * rng.uniform(2.5, 4)) % 1 - 0.5) * 0.5
    return np.where(np.abs(v - 0.25 - zigzag + 0.12) < 0.07, 1 - wide, wide)


OBJECT_TEXTURES = dict(
    crystal=facets,
    fish=scales,
    gear=rings,
    kite=checks,
    leaf=veins,
    mushroom=spots,
    ring=twist,
    shell=ribs,
    starfish=studs,
    vase=bands,
)
"""The texture that belongs to each object class."""
