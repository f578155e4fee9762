"""``python -m mmcnx2.doctor``: what is installed, what is wrong with it, and what mends it.

Exits with 1 when training would fail, with 0 otherwise.
"""

import sys
from collections.abc import Sequence

from mmcnx2.compat.diagnosis import find_problems
from mmcnx2.compat.facts import Facts, collect
from mmcnx2.compat.onedl import OFFICIAL, carriers
from mmcnx2.compat.problem import Problem

_IMPORTS = ('mmpretrain.models', 'mmdet.models', 'mmseg.models')


def main() -> int:
    """Look, print, and return the exit status."""
    installed = collect()
    wanted = ('cv2',) + tuple(
        name for name in _IMPORTS if carriers(name.partition('.')[0], installed)
    )
    facts = collect(modules=wanted)
    problems = find_problems(facts)
    print('\n'.join([*describe(facts), '', *verdict(problems)]))
    return exit_status(problems)


def describe(facts: Facts) -> list[str]:
    """The stack, a line each."""
    versions = facts.distributions
    rows = [('Python', facts.python)]
    rows += [(name, versions.get(name, 'absent')) for name in ('torch', 'torchvision', 'numpy')]
    opencv = [name for name in versions if name.startswith('opencv-python')]
    rows.append(('OpenCV', _list(f'{name} {versions[name]}' for name in opencv)))
    rows.append(('GPU', _list(facts.gpus) if facts.gpus else 'none (training runs on the CPU)'))
    rows += [(name, versions.get(name.lower(), 'absent')) for name in ('Triton', 'Numba')]
    rows.append(('MinkowskiEngine', facts.minkowski))
    for module in OFFICIAL:
        names = carriers(module, facts)
        rows.append((module, _list(f'{name} {versions[name]}' for name in names)))
    rows.append(('distributions', _families(facts)))
    rows += [(f'op {name}', f'by {who}') for name, who in facts.mmcv_ops.items()]
    width = max(len(name) for name, _ in rows)
    return [f'{name:<{width}}  {value}' for name, value in rows]


def verdict(problems: Sequence[Problem]) -> list[str]:
    """What is wrong and what mends it, in plain words."""
    lines = []
    for problem in problems:
        lines += [('ERROR: ' if problem.fatal else 'note: ') + problem.what, f'  {problem.mend}']
    if exit_status(problems):
        return [*lines, 'Training would fail: run the commands above, from the first on.']
    return [*lines, 'Training will run.']


def exit_status(problems: Sequence[Problem]) -> int:
    """1 when one of the problems stops training."""
    return int(any(problem.fatal for problem in problems))


def _families(facts: Facts) -> str:
    """Which family the toolboxes come from: official, onedl, both or none."""
    names = [name for module in OFFICIAL for name in carriers(module, facts)]
    onedl = [name for name in names if name.startswith('onedl-')]
    if not names:
        return 'none'
    if not onedl:
        return 'official'
    return 'onedl' if len(onedl) == len(names) else 'official and onedl'


def _list(items) -> str:
    return ', '.join(items) or 'absent'


if __name__ == '__main__':
    sys.exit(main())
