"""How far two pictures agree where they overlap: one laid over the other, shifted and scaled."""

import cv2
import numpy as np

SIDE = 67
"""Of the gray pictures that are compared, in pixels."""
_USUAL, _PART = 64, 56
_SIDES = (61, 62, 64, 66, 67)  # by up to 5 % smaller or larger than the usual one


def to_gray(picture: np.ndarray) -> np.ndarray:
    """Return a picture as it is compared, uint8 ``(SIDE, SIDE)``.

    Args:
        picture: uint8 RGB ``(S, S, 3)``, no smaller.
    """
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return cv2.resize(gray, (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def overlap(one: np.ndarray, other: np.ndarray) -> tuple[float, bool]:
    """Lay the middle of one picture, 7/8 of its side, over the other one where it fits best.

    Args:
        one: uint8 ``(SIDE, SIDE)``, of :func:`to_gray`.
        other: Another one.

    Returns:
        The correlation of their gray values there, at most 1, and whether it is that of the one in
        a mirror. Without contrast there is none: -1.
    """
    margin = (_USUAL - _PART) // 2
    part = _resized(one, _USUAL)[margin:-margin, margin:-margin]
    if not part.std() or not other.std():
        return -1.0, False
    wholes = [_resized(other, side) for side in _SIDES]
    straight, mirrored = (
        max(float(cv2.matchTemplate(whole, each, cv2.TM_CCOEFF_NORMED).max()) for whole in wholes)
        for each in (part, np.ascontiguousarray(part[:, ::-1]))
    )
    return min(1.0, max(straight, mirrored)), mirrored > straight


def _resized(picture: np.ndarray, side: int) -> np.ndarray:
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
