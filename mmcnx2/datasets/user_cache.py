"""Where what was found of data once is kept for the next time; it may be removed at any time."""

import os
from pathlib import Path


def user_cache(kind: str) -> Path:
    """Return a folder of the user's cache, such as ``~/.cache/mmcnx2/data``; it may not be there.

    Args:
        kind: What is kept in it.
    """
    home = os.environ.get('XDG_CACHE_HOME') or '~/.cache'
    return Path(home).expanduser() / 'mmcnx2' / kind
