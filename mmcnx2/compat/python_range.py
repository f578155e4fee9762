"""mmengine and mmcv call ``pkgutil.find_loader``, which Python 3.14 removed.

Upstream: python/cpython#120581; both call it when they ask whether mmcv has
compiled operators (mmengine 0.10.7, mmcv 2.1.0).

Can go when the pinned mmengine and mmcv use ``importlib.util.find_spec``.
"""

from collections.abc import Iterator

from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem


def check(facts: Facts) -> Iterator[Problem]:
    """Find a Python outside 3.10 to 3.13."""
    major, minor = (int(part) for part in facts.python.split('.')[:2])
    if not (3, 10) <= (major, minor) < (3, 14):
        yield Problem(
            f'This is Python {facts.python}; the pinned OpenMMLab packages run on 3.10 to 3.13.',
            'python3.11 -m venv .venv && .venv/bin/pip install -r requirements.txt',
        )
