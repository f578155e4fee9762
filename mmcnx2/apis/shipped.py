"""Configs and tools where they lie: in a checkout, or inside the installed package."""

from pathlib import Path

import mmcnx2


def shipped(*parts: str) -> Path:
    """Return the path of something that the package ships.

    Args:
        parts: Such as 'configs', 'fcmae', 'x.py'.

    Raises:
        FileNotFoundError: It is not there, because the installation is not whole.
    """
    package = Path(mmcnx2.__file__).parent
    for root in (package / '.mim', package.parent):
        if (path := root.joinpath(*parts)).exists():
            return path
    raise FileNotFoundError(
        f"'{'/'.join(parts)}' is neither in '{package / '.mim'}' nor beside '{package}': install "
        'mmcnx2 anew.'
    )
