"""Every tool answers --help with Python alone: it reads its arguments, then imports the rest."""

import re
import subprocess
import sys

import pytest

from tests.support.command_line import ROOT, TOOLS, start

HEAVY = {'torch', 'mmengine', 'numpy'}
"""What all that takes seconds begins with."""


def packages(run: subprocess.CompletedProcess) -> set[str]:
    """Return the packages that a run with ``-X importtime`` has imported."""
    names = re.findall(r'^import time: +\d+ \| +\d+ \| +([\w.]+)$', run.stderr, re.MULTILINE)
    return {name.partition('.')[0] for name in names}


@pytest.mark.parametrize('name', TOOLS)
def test_help_needs_python_alone(name, tmp_path):
    command = [sys.executable, '-X', 'importtime', ROOT / 'tools' / name, '--help']
    run = start(command, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f'usage: {name.rpartition("/")[2]} ')
    assert {'argparse', 'mmcnx2'} <= packages(run)
    assert not packages(run) & HEAVY


def test_what_takes_seconds_would_be_seen(tmp_path):
    run = start([sys.executable, '-X', 'importtime', '-c', 'import numpy.linalg'], cwd=tmp_path)
    assert 'numpy' in packages(run)
