"""The project's configs, each read once a process: the tests of all of them ask for each often."""

import copy
from functools import cache

from mmengine.config import Config

from tests.support.command_line import ROOT

CONFIGS = ROOT / 'configs'
NAMES = sorted(
    path.relative_to(CONFIGS).as_posix()
    for path in CONFIGS.glob('*/*.py')
    if not path.parent.name.startswith('_')
)
"""All of them, by their paths below ``configs/``."""


def read_config(name: str) -> Config:
    """Return a config of one's own to change.

    Args:
        name: Its path below ``configs/``.
    """
    return copy.deepcopy(_read(name))


def numbers_of(model: Config) -> dict[str, int | list[int]]:
    """Return the numbers that follow the backbone and the number of classes, by dotted key.

    Args:
        model: A config's model.
    """
    from mmcnx2.models.references import resolve  # with all of mmpretrain

    parts = {key: value for key, value in model.items() if key not in ('backbone', 'num_classes')}
    return resolve(parts, backbone=model.backbone, num_classes=model.get('num_classes'))[1]


@cache
def _read(name: str) -> Config:
    return Config.fromfile(CONFIGS / name)
