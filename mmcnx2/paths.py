"""Paths as people write them and as logs can show them. Needs nothing but Python."""

import os


def expand_home(path: str) -> str:
    """Return a path with a leading ``~`` or ``~name`` replaced by that home folder.

    The shell does so for ``~/x``, but not for ``key=~/x``: every path that comes from a command
    line, a config or a call goes through here, so that ``~`` means the same everywhere.
    """
    return os.path.expanduser(path)


def printable(text: str | os.PathLike) -> str:
    r"""Return text that any log can hold, with ``\udcXX`` for what is no UTF-8 in a file's name."""
    return str(text).encode('utf-8', 'backslashreplace').decode()
