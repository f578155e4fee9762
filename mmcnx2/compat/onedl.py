"""The official distributions and the maintained ``onedl-*`` ones overwrite each other's files.

Upstream: VBTI-development's onedl-mmengine, onedl-mmcv, onedl-mmdetection, onedl-mmsegmentation and
onedl-mmpretrain keep the import names of OpenMMLab's packages
(VBTI-development/onedl-mmdetection#11 shows the mix).

Can go when one of the two families is no longer published.
"""

from collections.abc import Iterator

from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem

# Import name -> distributions that carry it. mmcv comes in two official ones.
OFFICIAL = {
    'mmengine': ('mmengine',),
    'mmcv': ('mmcv', 'mmcv-lite'),
    'mmdet': ('mmdet',),
    'mmseg': ('mmsegmentation',),
    'mmpretrain': ('mmpretrain',),
}
ONEDL = {
    'mmengine': 'onedl-mmengine',
    'mmcv': 'onedl-mmcv',
    'mmdet': 'onedl-mmdetection',
    'mmseg': 'onedl-mmsegmentation',
    'mmpretrain': 'onedl-mmpretrain',
}


def carriers(module: str, facts: Facts) -> list[str]:
    """Distributions here that carry an import name, official ones first."""
    return [name for name in (*OFFICIAL[module], ONEDL[module]) if name in facts.distributions]


def check(facts: Facts) -> Iterator[Problem]:
    """Find import names that several distributions write to."""
    for module in OFFICIAL:
        names = carriers(module, facts)
        if len(names) > 1:
            yield Problem(
                what=f"{' and '.join(names)} are both installed and overwrite each other's files "
                f'in the package {module}.',
                mend=f'pip uninstall -y {" ".join(names)} && pip install -r requirements.txt',
            )
