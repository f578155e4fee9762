"""opencv-python needs the system's libGL, which slim machines and containers do not have.

Upstream: mmengine and mmcv ask for ``opencv-python``, whose wheel links libGL for its windows; the
headless wheel holds the same module without them (open-mmlab/mmsegmentation#1567).

Can go when mmengine and mmcv accept the headless wheel.
"""

from collections.abc import Iterator

from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem


def check(facts: Facts) -> Iterator[Problem]:
    """Find an opencv that misses a library of the system."""
    error = facts.import_errors.get('cv2', '')
    if '.so' in error:
        version = facts.distributions.get('opencv-python', '')
        pin = f'=={version}' if version else ''
        yield Problem(
            f'import cv2 fails ({error}): opencv-python wants a library that this system lacks.',
            'pip uninstall -y opencv-python && '
            f'pip install --force-reinstall --no-deps opencv-python-headless{pin}',
        )
