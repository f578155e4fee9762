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
    """Find import names that several distributions write to: one family is mended as a whole."""
    doubled = {module: names for module in OFFICIAL if len(names := carriers(module, facts)) > 1}
    if not doubled:
        return
    names = [name for each in doubled.values() for name in each]
    both = {name.startswith('onedl-') for name in names} == {True, False}
    yield Problem(
        what='; '.join(
            f"{' and '.join(names)} are both installed and overwrite each other's files in the "
            f'package {module}'
            for module, names in doubled.items()
        )
        + (': the extras official and onedl exclude each other.' if both else '.'),
        mend=f'pip uninstall -y {" ".join(names)} && pip install -r requirements.txt',
    )
