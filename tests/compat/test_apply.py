"""``apply`` is cheap, can be called twice, and needs neither mmengine nor mmcv."""

import subprocess
import sys

import pytest

from mmcnx2 import compat


def run_python(code: str) -> str:
    """Run code in a fresh interpreter; returns what it printed."""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_applying_twice_changes_nothing():
    compat.apply()
    before = list(sys.meta_path)
    compat.apply()
    assert sys.meta_path == before


def test_importing_the_package_imports_no_toolbox():
    heavy = {'mmdet', 'mmseg', 'mmpretrain', 'mmcv', 'torchvision'}
    assert run_python(f'import sys, mmcnx2; print({heavy} & set(sys.modules))') == 'set()'


def test_without_mmengine_and_mmcv():
    code = (
        'import sys\n'
        'class Absent:\n'
        '    def find_spec(self, name, path=None, target=None):\n'
        "        if name.partition('.')[0] in ('mmengine', 'mmcv'):\n"
        '            raise ModuleNotFoundError(name)\n'
        'from importlib import util\n'
        'real = util.find_spec\n'
        'util.find_spec = lambda name, package=None: (\n'
        "    None if name.partition('.')[0] in ('mmengine', 'mmcv') else real(name, package))\n"
        'sys.meta_path.insert(0, Absent())\n'
        'import mmcnx2.compat; mmcnx2.compat.apply(); print(mmcnx2.compat.mmcv_ext.answered_by())'
    )
    assert run_python(code) == '{}'


@pytest.mark.parametrize('toolbox', ['mmpretrain', 'mmdet', 'mmseg'])
def test_each_toolbox_imports_after_the_package(toolbox):
    pytest.importorskip(f'{toolbox}.models')
    pytest.importorskip(f'{toolbox}.apis')
