"""All checks, in the order a person would mend what they find."""

from mmcnx2.compat import (
    missing,
    mmcv_range,
    onedl,
    opencv_libgl,
    operators,
    python_range,
    setuptools_range,
    torch_range,
    transformers_range,
    triton_compiler,
)
from mmcnx2.compat.facts import Facts
from mmcnx2.compat.problem import Problem

# Doubled packages first: while files are mixed, nothing else that is said can be trusted.
CHECKS = (
    python_range,
    onedl,
    missing,
    torch_range,
    setuptools_range,
    mmcv_range,
    transformers_range,
    opencv_libgl,
    operators,
    triton_compiler,
)


def find_problems(facts: Facts) -> list[Problem]:
    """Ask every check.

    Args:
        facts: What is installed.

    Returns:
        What is wrong, most fundamental first; then modules that fail to import for a reason that no
        check knows.
    """
    problems = [problem for module in CHECKS for problem in module.check(facts)]
    if not any(problem.fatal for problem in problems):
        problems += [
            Problem(
                f'import {module} fails: {error}',
                'pip install --force-reinstall -r requirements.txt',
            )
            for module, error in facts.import_errors.items()
        ]
    return problems
