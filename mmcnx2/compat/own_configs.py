"""Have a config inherit ours by the package's name: ``_base_ = 'mmcnx2::fcmae/....py'``.

Upstream: mmengine 0.10.7 finds configs of OpenMMLab's own packages alone, by a table of their names
(mmengine#1410; #1411, which would ask any package, was closed). What it finds so gets the package's
name as its scope, in which other scopes' classes, such as mmpretrain's in ours, are not found.

Can go when mmengine asks any package and leaves the scope to the config.
"""

from difflib import get_close_matches
from functools import wraps
from importlib.util import find_spec
from pathlib import Path

PREFIX = 'mmcnx2::'
_MARK = '_mmcnx2_finds_own'


def find_own_configs() -> None:
    """Teach mmengine's ``Config`` the prefix (idempotent)."""
    if find_spec('mmengine') is None:
        return
    from mmengine.config import Config

    theirs = Config._get_cfg_path
    if hasattr(theirs, _MARK):
        return

    @wraps(theirs)
    def get_cfg_path(cfg_path: str, filename: str) -> tuple[str, str | None]:
        if cfg_path.startswith(PREFIX):
            return str(own_config(cfg_path.removeprefix(PREFIX))), None
        return theirs(cfg_path, filename)

    setattr(get_cfg_path, _MARK, True)
    Config._get_cfg_path = staticmethod(get_cfg_path)


def own_config(name: str) -> Path:
    """Return the file of a config of this project, installed or in a checkout.

    Args:
        name: Its path below ``configs/``, with or without ``.py``.

    Raises:
        FileNotFoundError: If there is none; the nearest name is told.
    """
    package = Path(__file__).parents[1]
    installed = package / '.mim/configs'
    configs = installed if installed.is_dir() else package.parent / 'configs'
    names = {path.relative_to(configs).as_posix() for path in configs.rglob('*.py')}
    file = f'{name.removesuffix(".py")}.py'
    if file not in names:
        near = get_close_matches(name, sorted(names), n=1, cutoff=0)
        meant = f", did you mean '{PREFIX}{near[0]}'?" if near else ': install it anew.'
        raise FileNotFoundError(f"'{PREFIX}{name}' is no config of mmcnx2{meant}")
    return configs / file
