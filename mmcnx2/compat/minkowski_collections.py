"""Let MinkowskiEngine be imported on Python >= 3.10.

Upstream: its released 0.5.4 imports ``Sequence`` from ``collections``, where Python 3.10 no longer
has it (NVIDIA/MinkowskiEngine#526; mended in its repository by #480, never released).

Can go when a release of MinkowskiEngine newer than 0.5.4 is on PyPI.
"""

import collections
import collections.abc
from importlib.util import find_spec


def alias_collections() -> bool:
    """Give ``collections`` its old ``Sequence``; call it right before importing MinkowskiEngine.

    Without MinkowskiEngine nothing is touched: other packages look for the name to tell Pythons
    apart.

    Returns:
        True when MinkowskiEngine is installed, so that importing it is worth trying.
    """
    if find_spec('MinkowskiEngine') is None:
        return False
    if not hasattr(collections, 'Sequence'):
        collections.Sequence = collections.abc.Sequence
    return True
