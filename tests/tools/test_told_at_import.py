"""Told to go while it still imports torch, a tool ends as a run does that is told later."""

import os
import signal
import subprocess
import sys

import pytest

from mmcnx2.processes.signals import TOLD_BY, status_after
from tests.support.command_line import ROOT

TOLD_AT_IMPORT = """
import importlib.abc, os, runpy, signal, sys

class Tell(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in ('numpy', 'torch', 'mmengine'):
            os.kill(os.getpid(), {number})
            sys.exit('it goes on')

for name in ('SIGINT', 'SIGQUIT', 'SIGHUP'):  # whatever the tests are run under
    signal.signal(getattr(signal, name), signal.SIG_DFL)
if {ignored}:
    signal.signal({number}, signal.SIG_IGN)
sys.meta_path.insert(0, Tell())
sys.argv = ['{tool}', 'config.py']
runpy.run_path('{tool}', run_name='__main__')
"""


def told_at_import(
    tool: str, number: int, *, ignored: bool = False, stderr: int = subprocess.PIPE
) -> subprocess.CompletedProcess:
    code = TOLD_AT_IMPORT.format(tool=ROOT / 'tools' / tool, number=int(number), ignored=ignored)
    return subprocess.run([sys.executable, '-c', code], stderr=stderr, text=True, cwd=ROOT)


@pytest.mark.parametrize('tool', ['train.py', 'torchrun.py'])
@pytest.mark.parametrize('name', TOLD_BY)
def test_it_ends_at_once_with_the_documented_status(tool, name):
    number = getattr(signal, name)
    ended = told_at_import(tool, number)
    assert ended.returncode == status_after(number), ended.stderr
    assert ended.stderr == f'{name} before the first step: nothing new is there to save.\n'


def test_what_it_was_started_to_ignore_stays_ignored():
    ended = told_at_import('torchrun.py', signal.SIGHUP, ignored=True)
    assert ended.stderr == 'it goes on\n'


def test_it_also_does_if_nobody_listens_any_more():
    gone, stderr = os.pipe()
    os.close(gone)
    assert told_at_import('train.py', signal.SIGHUP, stderr=stderr).returncode == 75
    os.close(stderr)
