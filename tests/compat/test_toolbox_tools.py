"""The toolboxes' own tools/train.py and tools/test.py take configs of this project."""

import sys
from pathlib import Path

import mmdet
import mmpretrain
import mmseg
import pytest
from mmengine.config import Config

from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.compat.__main__ import run_script
from tests.configs.test_transfer_runs import (
    CONFIGS,
    DETECTION,
    SEGMENTATION,
    root,  # noqa: F401  (a fixture)
    toy,
)
from tests.support.command_line import start
from tests.support.toy_config import classify_scenes, shorten, shrink

CLASSIFICATION = CONFIGS / 'convnext_v2/convnextv2-base_64xb64-amp-coslr-300e_in1k.py'
KINDS = {
    'mmdet': (DETECTION, 'coco/bbox_mAP'),
    'mmseg': (SEGMENTATION, 'mIoU'),
    'mmpretrain': (CLASSIFICATION, 'accuracy/top1'),
}


def tool(toolbox: str, name: str) -> Path:
    module = dict(mmdet=mmdet, mmseg=mmseg, mmpretrain=mmpretrain)[toolbox]
    return Path(module.__file__).parent / '.mim/tools' / name


def small(toolbox: str, root: Path, work_dir: Path) -> Config:  # noqa: F811
    """Return a config of the project that trains in a moment."""
    config = KINDS[toolbox][0]
    if toolbox != 'mmpretrain':
        cfg = toy(config, root, work_dir)
    else:
        cfg = classify_scenes(shorten(shrink(Config.fromfile(config))), root / 'scenes')
        cfg.work_dir = str(work_dir)
        amp_off_without_gpu(cfg)
    cfg.experiment_name = f'{toolbox}-by-its-own-tools'
    return cfg


@pytest.mark.parametrize('toolbox', KINDS)
def test_a_config_trains_and_is_tested(toolbox, root, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setattr(sys, 'argv', [])
    monkeypatch.setattr(sys, 'path', list(sys.path))
    monkeypatch.setenv('LOCAL_RANK', '0')  # which the tools set for good
    config = tmp_path / 'config.py'
    small(toolbox, root, tmp_path / 'run').dump(config)
    run_script([str(tool(toolbox, 'train.py')), str(config)])
    checkpoint = (tmp_path / 'run/last_checkpoint').read_text()
    Path(config).write_text(config.read_text() + f"\nexperiment_name = 'tested-by-{toolbox}'\n")
    out = ['--work-dir', str(tmp_path / 'tested')]
    run_script([str(tool(toolbox, 'test.py')), str(config), checkpoint, *out])
    (log,) = (tmp_path / 'tested').rglob('*.log')
    assert f'{KINDS[toolbox][1]}: ' in log.read_text()


def test_mmdets_test_starts_where_mmcv_has_no_compiled_operators(tmp_path):
    script = tool('mmdet', 'test.py')
    done = start([sys.executable, '-m', 'mmcnx2.compat', script, '--help'], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('usage: test.py [-h]')


def test_the_others_read_their_config_first(tmp_path):
    """By then custom_imports have mmcv's operators answered."""
    names = {toolbox: ['train.py', 'test.py'] for toolbox in KINDS} | {'mmdet': ['train.py']}
    scripts = [str(tool(toolbox, name)) for toolbox in names for name in names[toolbox]]
    code = (
        f'import runpy, sys; [runpy.run_path(path) for path in {scripts}]; '
        'assert "mmcnx2" not in sys.modules'
    )
    done = start([sys.executable, '-c', code], cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_script_runs_as_python_runs_it(tmp_path):
    (tmp_path / 'beside.py').write_text('VALUE = 3')
    script = tmp_path / 'script.py'
    script.write_text('import sys, beside\nprint(__name__, sys.argv, beside.VALUE)\nsys.exit(7)')
    command = [script, 'one', '--two']
    alone = start([sys.executable, *command], cwd=tmp_path)
    mended = start([sys.executable, '-m', 'mmcnx2.compat', *command], cwd=tmp_path)
    assert (
        (mended.returncode, mended.stdout)
        == (alone.returncode, alone.stdout)
        == (
            7,
            f"__main__ ['{script}', 'one', '--two'] 3\n",
        )
    )


@pytest.mark.parametrize('arguments', [[], ['nowhere/test.py']])
def test_what_is_no_script_is_refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        run_script(arguments)
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith('usage: python -m mmcnx2.compat SCRIPT') and 'error: ' in said
