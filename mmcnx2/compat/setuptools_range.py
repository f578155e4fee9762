"""mmengine imports ``pkg_resources``, which setuptools 82 removed.

Upstream: mended in mmengine's repository by open-mmlab/mmengine#1676, after its release 0.10.7.

Can go with the first mmengine release that holds #1676.
"""

from collections.abc import Iterator

from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem


def check(facts: Facts) -> Iterator[Problem]:
    """Find a setuptools without ``pkg_resources``, or none at all (Python >= 3.12 brings none)."""
    if 'mmengine' not in facts.distributions:
        return
    version = facts.version('setuptools')
    if version is None or version >= (82,):
        found = (
            'an environment without setuptools lacks'
            if version is None
            else f'setuptools {facts.distributions["setuptools"]} no longer has'
        )
        yield Problem(
            f'mmengine {facts.distributions["mmengine"]} imports pkg_resources, which {found}.',
            "pip install 'setuptools<82'",
        )
