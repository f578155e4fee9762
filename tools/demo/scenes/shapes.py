"""Outlines of the object classes.

A shape is a function ``rng -> outlines``. Each outline is ``(P, 2)``, float64, points ``(u, v)`` in
the object's own coordinates, about -1 to 1, v pointing down; the first one is the outer edge and
the others are holes. Numbers of teeth, arms and proportions vary from object to object.
"""

import numpy as np

Outlines = list[np.ndarray]


def _polar(radius: np.ndarray, angle: np.ndarray) -> np.ndarray:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _turn(points: int = 96) -> np.ndarray:
    return np.linspace(0, 2 * np.pi, points, endpoint=False)


def _mirrored(along: np.ndarray, half_width: np.ndarray) -> np.ndarray:
    """Outline that is symmetric about the u axis."""
    there = np.stack([along, half_width], axis=1)
    return np.concatenate([there, there[::-1] * (1, -1)])


def crystal(rng: np.random.Generator) -> Outlines:
    """Elongated convex polygon with uneven corners."""
    corners = rng.integers(6, 9)
    angle = (np.arange(corners) + rng.uniform(-0.22, 0.22, corners)) * 2 * np.pi / corners
    return [_polar(np.ones(corners), angle) * (1, rng.uniform(0.6, 0.8))]


def fish(rng: np.random.Generator) -> Outlines:
    """Drop-shaped body with a forked tail."""
    u = np.linspace(-1, 0.5, 32)
    body = np.sin(np.pi * (u + 1) / 1.62) ** 0.75 * rng.uniform(0.42, 0.58)
    fork = rng.uniform(0.4, 0.6)
    return [_mirrored(np.append(u, [1.0, 0.78]), np.append(body, [fork, 0.0]))]


def gear(rng: np.random.Generator) -> Outlines:
    """Toothed wheel with a round hole."""
    teeth = rng.integers(7, 12)
    angle = _turn(teeth * 12)
    tooth = np.clip(3 * np.sin(teeth * angle), -1, 1)
    hole = _polar(np.full(48, rng.uniform(0.22, 0.36)), _turn(48))
    return [_polar(0.87 + 0.13 * tooth, angle), hole]


def kite(rng: np.random.Generator) -> Outlines:
    """Four corners, symmetric about the long axis only."""
    across, knee = rng.uniform(0.55, 0.75), rng.uniform(-0.45, -0.15)
    return [np.array([(-1, 0), (knee, across), (1, 0), (knee, -across)])]


def leaf(rng: np.random.Generator) -> Outlines:
    """Pointed at both ends, with a serrated edge."""
    u = np.linspace(-1, 1, 72)
    width = rng.uniform(0.42, 0.6) * (1 - u**2) ** 0.85 * (1 + 0.3 * u * rng.uniform(-1, 1))
    return [_mirrored(u, width * (1 + 0.07 * np.sin(2 * np.pi * rng.uniform(5, 8) * u)))]


def mushroom(rng: np.random.Generator) -> Outlines:
    """Domed cap on a stem that widens at its foot."""
    angle = np.linspace(np.pi, 2 * np.pi, 40)
    cap = np.stack([np.cos(angle), 0.1 + np.sin(angle) * rng.uniform(0.8, 1.05)], axis=1)
    stem, foot = rng.uniform(0.2, 0.3), rng.uniform(0.3, 0.42)
    return [np.concatenate([cap, [(stem, 0.22), (foot, 0.95), (-foot, 0.95), (-stem, 0.22)]])]


def ring(rng: np.random.Generator) -> Outlines:
    """Annulus."""
    return [_polar(np.ones(96), _turn()), _polar(np.full(64, rng.uniform(0.45, 0.6)), _turn(64))]


def shell(rng: np.random.Generator) -> Outlines:
    """Fan with a scalloped edge, hinged at the bottom."""
    spread = rng.uniform(0.9, 1.15)
    angle = np.linspace(-spread, spread, 80)
    edge = 1.72 + 0.07 * np.abs(np.sin(angle * rng.uniform(6, 9)))
    fan = np.stack([edge * np.sin(angle) * 0.72, 0.85 - edge * np.cos(angle)], axis=1)
    return [np.concatenate([fan, [(0.22, 0.95), (-0.22, 0.95)]])]


def starfish(rng: np.random.Generator) -> Outlines:
    """Five rounded arms."""
    angle = _turn(120)
    core = rng.uniform(0.34, 0.46)
    return [_polar(core + (1 - core) * (0.5 + 0.5 * np.cos(5 * angle)) ** 1.4, angle - np.pi / 2)]


def vase(rng: np.random.Generator) -> Outlines:
    """Foot, belly, neck and lip."""
    along = np.linspace(-1, 1, 48)
    belly, neck = rng.uniform(0.55, 0.72), rng.uniform(0.18, 0.28)
    width = neck + (belly - neck) * np.exp(-(((along - 0.25) / rng.uniform(0.38, 0.5)) ** 2))
    width += 0.16 * np.exp(-(((along + 1) / 0.16) ** 2))
    return [_mirrored(along, width)[:, ::-1]]


def blob(rng: np.random.Generator) -> Outlines:
    """Rounded, irregular, belongs to no class: for clutter."""
    angle = _turn(64)
    waves = sum(
        rng.uniform(-0.16, 0.16) * np.sin(n * angle + rng.uniform(0, 6.3)) for n in (2, 3, 4)
    )
    return [_polar(0.8 + waves, angle) * (1, rng.uniform(0.5, 1))]


def bar(rng: np.random.Generator) -> Outlines:
    """Long and straight, belongs to no class: for branches and posts."""
    half = rng.uniform(0.07, 0.16)
    return [np.array([(-1, -half), (1, -half), (1, half), (-1, half)])]


OBJECT_SHAPES = dict(
    crystal=crystal,
    fish=fish,
    gear=gear,
    kite=kite,
    leaf=leaf,
    mushroom=mushroom,
    ring=ring,
    shell=shell,
    starfish=starfish,
    vase=vase,
)

OBJECT_CLASSES = tuple(OBJECT_SHAPES)
"""Names of the object classes, in alphabetical order, as folder readers number them."""
