"""Run a toolbox's script with the mends in place: ``python -m mmcnx2.compat SCRIPT [ARGUMENTS]``.

A config's ``custom_imports`` come too late for some: mmdet's own ``tools/test.py`` imports what
wants ``mmcv._ext`` before it reads a config. Nothing of this package runs before that unless
somebody asks for it, and a ``.pth`` file, which would, would run in every Python of the
environment, whatever that is for. So it is asked for.
"""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

USAGE = 'usage: python -m mmcnx2.compat SCRIPT [ARGUMENTS]'


def run_script(arguments: Sequence[str]) -> None:
    """Run a script as ``python SCRIPT ARGUMENTS`` would, in this process.

    Args:
        arguments: Path of the script, and what it gets.

    Raises:
        SystemExit: There is no such script (status 2), or whatever the script ends with.
    """
    if not arguments or not Path(arguments[0]).is_file():
        given = f'{arguments[0]!r} is no file' if arguments else 'no script is given'
        print(f'{USAGE}\nerror: {given}: give the path of a Python script.', file=sys.stderr)
        raise SystemExit(2)
    sys.argv[:] = arguments
    sys.path[0] = str(Path(arguments[0]).resolve().parent)
    runpy.run_path(arguments[0], run_name='__main__')


if __name__ == '__main__':
    run_script(sys.argv[1:])
