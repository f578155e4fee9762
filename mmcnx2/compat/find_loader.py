"""Answer ``pkgutil.find_loader``, which Python 3.14 removed and mmengine and mmcv call.

Upstream: python/cpython#120581; both call it when they ask whether mmcv has compiled operators
(mmengine 0.10.7, mmcv 2.1.0; onedl-mmengine no longer does, onedl-mmcv 2.3.6 does).

Can go when the pinned mmengine and mmcv use ``importlib.util.find_spec``.
"""

import pkgutil
from importlib.util import find_spec


def answer_find_loader() -> None:
    """Put it where it was, if it is gone (idempotent)."""
    if not hasattr(pkgutil, 'find_loader'):
        pkgutil.find_loader = _find_loader


def _find_loader(fullname: str):
    """Return the loader of a module, or None where there is no such module."""
    spec = find_spec(fullname)
    return spec and spec.loader
