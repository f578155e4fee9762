"""The tools as a user runs them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = sorted(
    path.relative_to(ROOT / 'tools').as_posix()
    for path in (ROOT / 'tools').rglob('*.py')
    if 'ArgumentParser(' in path.read_text()
)
"""Everything below ``tools/`` that is started from a command line."""


def torchrun(name: str, *arguments, cwd: Path) -> subprocess.CompletedProcess:
    """Run a tool in two processes."""
    launch = [ROOT / 'tools/torchrun.py', '--standalone', '--nproc_per_node=2']
    command = [sys.executable, *launch, ROOT / 'tools' / name, *arguments]
    return start([*command, '--launcher', 'pytorch'], cwd=cwd)


def start(command: Sequence, *, cwd: Path) -> subprocess.CompletedProcess:
    """Run a command that finds the package, with one thread a process."""
    threads = dict(OMP_NUM_THREADS='1', MKL_NUM_THREADS='1')
    paths = os.pathsep.join([str(ROOT), os.environ.get('PYTHONPATH', '')])
    return subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env={**os.environ, **threads, 'PYTHONPATH': paths},
        capture_output=True,
        text=True,
        timeout=300,
    )


def passed(run: subprocess.CompletedProcess) -> str:
    """Return everything that a run said, which must have succeeded."""
    assert run.returncode == 0, f'{" ".join(run.args)}\n{run.stdout[-2000:]}\n{run.stderr[-4000:]}'
    return run.stdout + run.stderr
