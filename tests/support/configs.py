"""The project's configs, each read once a process: the tests of all of them ask for each often."""

import copy
from functools import cache

from mmengine.config import Config

from tests.support.command_line import ROOT

CONFIGS = ROOT / 'configs'


def read_config(name: str) -> Config:
    """Return a config of one's own to change.

    Args:
        name: Its path below ``configs/``.
    """
    return copy.deepcopy(_read(name))


@cache
def _read(name: str) -> Config:
    return Config.fromfile(CONFIGS / name)
