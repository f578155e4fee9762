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


def test_importing_the_package_imports_and_changes_nothing():
    heavy = {'mmengine', 'mmdet', 'mmseg', 'mmpretrain', 'mmcv', 'torch', 'torchvision', 'numpy'}
    assert run_python(f'import sys, mmcnx2; print({heavy} & set(sys.modules))') == 'set()'


@pytest.mark.parametrize('order', ['mmengine, mmcnx2', 'mmcnx2, mmengine'])
def test_mends_and_registries_are_there_whichever_is_imported_first(order):
    code = (
        f'import {order}, sys\n'
        'print(mmengine.MODELS.get("mmcnx2.ConvNeXtV2").__module__)\n'
        'print(sum(type(finder).__name__ == "_ExtFinder" for finder in sys.meta_path))\n'
        'print(any(getattr(finder, "name", "") == "mmengine" for finder in sys.meta_path))\n'
        'print(type(mmengine.__loader__).__module__)'
    )
    expected = ['mmcnx2.models.backbone', '1', 'False', '_frozen_importlib_external']
    assert run_python(code).splitlines()[-4:] == expected


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
