"""mmdet and mmseg refuse mmcv >= 2.2 when they are imported.

Upstream: open-mmlab/mmdetection#11763, open-mmlab/mmcv#3096.

Can go when an mmdet newer than 3.3.0 and an mmsegmentation newer than 1.2.2 accept it.
"""

from collections.abc import Iterator

from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem

LOWEST, BELOW = (2, 0, 0), (2, 2, 0)


def check(facts: Facts) -> Iterator[Problem]:
    """Find an mmcv that the official toolboxes refuse."""
    users = [name for name in ('mmdet', 'mmsegmentation') if name in facts.distributions]
    for name in ('mmcv', 'mmcv-lite', 'onedl-mmcv'):
        version = facts.version(name)
        if users and version is not None and not LOWEST <= version < BELOW:
            yield Problem(
                f'{name} {facts.distributions[name]} is installed, but {" and ".join(users)} '
                'want 2.0.0 <= mmcv < 2.2.0 and fail to import.',
                f"pip uninstall -y {name} && pip install 'mmcv-lite==2.1.0'",
            )
