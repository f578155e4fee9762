"""Triton starts each kernel by a small program in C, for which it brings no compiler.

Upstream: triton/runtime/build.py, "Failed to find C compiler". Without one ``ops='triton'`` is
refused (:mod:`mmcnx2.nn.ops.choice`).

Can go when Triton's wheel brings what it compiles with.
"""

from collections.abc import Iterator

from mmcnx2.compat.c_compiler import INSTALL
from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem


def check(facts: Facts) -> Iterator[Problem]:
    """Find a GPU whose kernels cannot be started."""
    if facts.gpus and 'triton' in facts.distributions and not facts.c_compiler:
        yield Problem(
            "There is no C compiler with Python's headers, so Triton's kernels (ops='triton') "
            'cannot be started: plain torch computes on the GPU.',
            INSTALL,
            fatal=False,
        )
