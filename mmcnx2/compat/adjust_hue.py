"""Let mmcv shift hues down under numpy 2: ``ColorJitter(hue=...)`` fails at half of its draws.

Upstream: mmcv 2.2.0's ``adjust_hue`` makes ``np.uint8(hue_factor * 255)`` of a negative factor and
counts on its turning over; numpy 2 raises OverflowError. torchvision had the same lines
(pytorch/vision#8536), onedl-mmcv mended its own (VBTI-development/onedl-mmcv#41).

Can go when mmcv wraps the number itself, as onedl-mmcv does.
"""

import sys
from functools import wraps

from mmcnx2.compat.on_import import call_after_import

_MODULE = 'mmcv.image.photometric'
_MARK = '_mmcnx2_turns_over'


def turn_hues_over() -> None:
    """Mend ``adjust_hue`` now or as soon as mmcv is imported (idempotent)."""
    call_after_import(_MODULE, _mend)


class _Hue(float):
    """A hue shift whose number of steps is that of the same turn, from 0 to 255."""

    def __mul__(self, steps: int) -> int:
        return int(float(self) * steps) % 256


def _mend() -> None:
    theirs = sys.modules[_MODULE].adjust_hue
    if hasattr(theirs, _MARK):
        return

    @wraps(theirs)
    def adjust_hue(img, hue_factor, *args, **kwargs):
        return theirs(img, _Hue(hue_factor), *args, **kwargs)

    setattr(adjust_hue, _MARK, True)
    # Where mmcv was imported before, its packages have the function by name.
    for name in (_MODULE, 'mmcv.image', 'mmcv'):
        module = sys.modules.get(name)
        if getattr(module, 'adjust_hue', None) is theirs:
            module.adjust_hue = adjust_hue
