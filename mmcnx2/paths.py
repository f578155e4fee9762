"""Paths as people write them and as logs can show them. Needs nothing but Python."""

import os
import re
from pathlib import Path

_PATH_KEY = re.compile(r'(.*_)?(root|dir|file|path|prefix|from)|checkpoint|filename')


def expand_home(path: str) -> str:
    """Return a path with a leading ``~`` or ``~name`` replaced by that home folder.

    The shell does so for ``~/x``, but not for ``key=~/x``: every path that comes from a command
    line, a config or a call goes through here, so that ``~`` means the same everywhere.
    """
    return os.path.expanduser(path)


def is_path_key(key: str) -> bool:
    """Return whether a dotted key of a config holds a path, by its name.

    Such as ``data_root``, ``work_dir``, ``ann_file``, ``load_from``, ``init_cfg.checkpoint`` and
    what lies in ``data_prefix``.
    """
    *above, last = key.split('.')
    return bool(_PATH_KEY.fullmatch(last)) or 'data_prefix' in above


def read_path_value(text: str) -> str | None:
    """Return the path that a setting ``KEY=VALUE`` of a command line gives.

    It is taken as it is written, with its commas, brackets and spaces, where other values would
    become lists; ``None`` is none, quotes around the whole of it go, ``~`` is the home folder.
    """
    if text == 'None':
        return None
    if len(text) > 1 and text[0] == text[-1] and text[0] in '\'"':
        text = text[1:-1]
    return expand_home(text)


def printable(text: str | os.PathLike) -> str:
    r"""Return text that any log can hold, with ``\udcXX`` for what is no UTF-8 in a file's name."""
    return str(text).encode('utf-8', 'backslashreplace').decode()


def shipped(name: str) -> Path:
    """Return what comes with the package and is no part of it, such as ``model-index.yml``.

    Args:
        name: A path below the folder ``.mim`` of an installed package, or below a checkout.

    Raises:
        FileNotFoundError: It is in neither.
    """
    package = Path(__file__).parent
    for root in (package / '.mim', package.parent):
        if (root / name).exists():
            return root / name
    raise FileNotFoundError(
        f"'{name}' is neither in '{package}/.mim' nor in '{package.parent}': install mmcnx2 again."
    )
