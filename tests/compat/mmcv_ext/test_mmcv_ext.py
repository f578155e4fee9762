"""``mmcv._ext``: a compiled one wins; without it most operators name themselves when called."""

import subprocess
import sys

import pytest
import torch

from mmcnx2.compat import mmcv_ext

pytest.importorskip('mmcv')


@pytest.fixture
def ext():
    mmcv_ext.install()
    import mmcv._ext

    if mmcv._ext.__spec__.origin != 'mmcnx2.compat.mmcv_ext':
        pytest.skip('this mmcv has compiled operators')
    return mmcv._ext


def run_python(code: str) -> str:
    """Run code in a fresh interpreter; returns what it printed."""
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_install_is_idempotent():
    mmcv_ext.install()
    before = list(sys.meta_path)
    mmcv_ext.install()
    assert sys.meta_path == before


def test_the_finder_stands_last_so_that_a_compiled_module_wins(tmp_path):
    package = tmp_path / 'mmcv'
    package.mkdir()
    (package / '__init__.py').touch()
    (package / '_ext.py').write_text("answer = 'compiled'")
    code = (
        f'import sys; sys.path.insert(0, {str(tmp_path)!r})\n'
        'from mmcnx2.compat import mmcv_ext; mmcv_ext.install()\n'
        'import mmcv._ext; print(mmcv._ext.answer)'
    )
    assert run_python(code) == 'compiled'


def test_other_operators_exist_but_name_themselves_when_called(ext):
    from mmcv.ops import PSAMask

    layer = PSAMask('collect', (3, 3))
    with pytest.raises(NotImplementedError, match="'psamask_forward'.*install mmcv 2.1.0"):
        layer(torch.zeros(1, 9, 5, 5))


def test_private_names_are_not_answered(ext):
    assert not hasattr(ext, '__wrapped__')


def test_mmcv_believes_that_it_has_operators(ext):
    from mmengine.utils.dl_utils.misc import mmcv_full_available

    assert mmcv_full_available()


def test_environment_reports_work(ext):
    from mmcv.utils.env import collect_env

    assert collect_env()['MMCV Compiler'] == 'n/a'


def test_says_who_answers(ext):
    answers = mmcv_ext.answered_by()
    assert answers['nms'] == answers['deform_conv_forward'] == 'torchvision'
    assert answers['softnms'] == 'numpy' and answers['ms_deform_attn_forward'] == 'torch'
    assert all(callable(vars(ext)[name]) for name in answers)
