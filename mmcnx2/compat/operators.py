"""Compiled extensions that are there but do not load: built against another torch.

Upstream: open-mmlab/mmcv#3316 (mmcv), NVIDIA/MinkowskiEngine#599 (MinkowskiEngine).

Can go when both publish wheels for each torch.
"""

from collections.abc import Iterator

from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem


def check(facts: Facts) -> Iterator[Problem]:
    """Find operators that nobody answers."""
    dead = {name: who for name, who in facts.mmcv_ops.items() if who.startswith('missing')}
    if dead:
        yield Problem(
            f"mmcv's operators {', '.join(dead)} do not load ({next(iter(dead.values()))}); "
            'detectors will not run.',
            "pip uninstall -y mmcv && pip install 'mmcv-lite==2.1.0'",
        )
    if facts.minkowski.startswith('broken'):
        yield Problem(
            f'MinkowskiEngine is installed but does not load ({facts.minkowski}); '
            "layout='minkowski' will not run, every other layout does.",
            'pip uninstall -y MinkowskiEngine',
            fatal=False,
        )
