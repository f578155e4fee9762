"""Let mmpretrain blur by a drawn radius: ``GaussianBlur(magnitude_std=0.5)`` fails at each draw.

Upstream: Pillow newer than 10.3 compares a radius with ``(0, 0)``, and numpy numbers, which
mmpretrain 1.2.0 draws where ``magnitude_std`` is a number, compare to an array with two truths
(python-pillow/Pillow#8911).

Can go when mmpretrain makes the radius a Python number, or Pillow takes numpy's.
"""

import sys

from mmcnx2.compat.on_import import call_after_import

_MODULE = 'mmpretrain.datasets.transforms.auto_augment'


def draw_python_numbers() -> None:
    """Mend ``GaussianBlur`` now or as soon as mmpretrain's transforms are imported (idempotent)."""
    call_after_import(_MODULE, _mend)


def _mend() -> None:
    blur = sys.modules[_MODULE].GaussianBlur
    if 'random_magnitude' in vars(blur):
        return

    def random_magnitude(self) -> float:
        return float(super(blur, self).random_magnitude())

    blur.random_magnitude = random_magnitude
