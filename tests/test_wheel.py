"""What an installed wheel holds works where no checkout is: its tools, their configs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from demo.scenes import SceneSettings, build

from maintenance.build import listed
from tests.support.command_line import ROOT, TOOLS

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> Path:
    """A folder with the wheel of this tree installed, and nothing else."""
    folder = tmp_path_factory.mktemp('wheel')
    offline = ['--no-deps', '--no-index', '--quiet']
    wheel = os.environ.get('MMCNX2_WHEEL')  # the one that is to be released
    if not wheel:
        # New files count before they are committed; what building and testing left does not.
        for name in listed():
            (folder / 'source' / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / 'source' / name)
        pip('wheel', *offline, '--no-build-isolation', '-w', folder / 'dist', folder / 'source')
        (wheel,) = (folder / 'dist').iterdir()
        shutil.rmtree(folder / 'source')  # nothing can be found there by accident
    pip('install', *offline, '--target', folder / 'site', wheel)
    return folder / 'site'


def pip(*words) -> None:
    done = run(['-m', 'pip', '--disable-pip-version-check', *words], cwd=ROOT, path='')
    assert done.returncode == 0, done.stderr


def run(words: Sequence, *, cwd: Path, path: Path | str) -> subprocess.CompletedProcess:
    """Run Python with one folder in front of what is installed."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        cwd=cwd,
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(path)},
        capture_output=True,
        text=True,
    )


def test_the_package_is_the_wheels(site, tmp_path):
    done = run(['-c', 'import mmcnx2; print(mmcnx2.__file__)'], cwd=tmp_path, path=site)
    assert done.stdout.strip() == str(site / 'mmcnx2/__init__.py'), done.stderr


def test_it_holds_the_product_and_nothing_else(site):
    package = {path.name for path in (site / 'mmcnx2').iterdir()} - {'__pycache__'}
    source = {path.name for path in (ROOT / 'mmcnx2').iterdir()} - {'__pycache__'}
    assert package == source | {'.mim'} and 'py.typed' in package
    assert {path.name for path in site.iterdir()} - {'bin'} == {
        'mmcnx2',
        *(path.name for path in site.glob('mmcnx2-*.dist-info')),
    }
    in_package = [
        path.relative_to(site).as_posix()
        for path in (site / 'mmcnx2').rglob('*.py')
        if '.mim' not in path.parts
    ]
    assert not [path for path in in_package if 'demo' in path or 'ablation' in path]


@pytest.mark.parametrize('name', ['configs', 'tools'])
def test_configs_and_tools_are_whole(site, name):
    def files(folder: Path) -> set[str]:
        found = {path for path in folder.rglob('*') if path.is_file()}
        kept = {path for path in found if '__pycache__' not in path.parts}
        return {path.relative_to(folder).as_posix() for path in kept}

    assert files(site / 'mmcnx2/.mim' / name) == files(ROOT / name)


@pytest.mark.parametrize(
    ('before', 'base'),
    [('import mmcnx2', "'mmcnx2::{}'"), ('', "__import__('mmcnx2') and 'mmcnx2::{}'")],
    ids=['in our tools', "in others'"],
)
def test_a_config_elsewhere_inherits_one_of_its_configs(site, tmp_path, before, base):
    name = 'fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
    (tmp_path / 'own.py').write_text(f'_base_ = {base.format(name)}\n')
    read = f'{before}\nfrom mmengine import Config\nprint(Config.fromfile("own.py").text)'
    done = run(['-c', read], cwd=tmp_path, path=site)
    assert str(site / 'mmcnx2/.mim/configs' / name) in done.stdout, done.stderr


def test_the_index_of_models_is_there(site):
    index = site / 'mmcnx2/.mim/model-index.yml'
    assert index.read_bytes() == (ROOT / 'model-index.yml').read_bytes()


@pytest.mark.parametrize('name', TOOLS)
def test_every_tool_answers_help(site, tmp_path, name):
    done = run([site / 'mmcnx2/.mim/tools' / name, '--help'], cwd=tmp_path, path=site)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('usage: ')


def test_the_ablations_find_their_configs(site, tmp_path):
    tool = site / 'mmcnx2/.mim/tools/ablate.py'
    done = run([tool, '2d', '--dry-run'], cwd=tmp_path, path=site)
    assert done.returncode == 0, done.stderr
    commands = done.stdout.splitlines()
    assert commands
    for command in commands:
        python, train, config, *_ = command.split()
        assert (python, Path(train)) == ('python', tool.with_name('train.py'))
        assert (tmp_path / config).is_file()


SESSION = """
import sys
from mmcnx2.cli import main

SMALL = [
    'model.train_cfg.rcnn.sampler.num=8', 'model.roi_head.bbox_head.fc_out_channels=16',
    'model.train_cfg.rpn_proposal.max_per_img=8', 'model.test_cfg.rpn.max_per_img=8',
    'model.roi_head.mask_head.num_convs=1', 'model.roi_head.mask_head.conv_out_channels=8',
    'model.test_cfg.rcnn.max_per_img=4',
]
DETECTOR = [word for setting in SMALL for word in ('--set', setting)]
for words in (
    ['pretrain', 'photos', '--out', 'runs/pre', '--epochs', '2'],
    ['finetune', 'labelled', '--from', 'runs/pre', '--out', 'runs/cls', '--epochs', '1'],
    ['detect', 'boxes', '--from', 'runs/pre', '--out', 'runs/det', '--epochs', '1', *DETECTOR],
    ['predict', 'runs/det', 'boxes/val', '--out', 'drawn'],
):
    main(words)
"""


def test_the_command_trains_and_predicts_in_an_empty_folder(site, tmp_path):
    """A stranger's first session, in one process, since each would import for seconds."""
    build(
        tmp_path / 'scenes',
        SceneSettings(size=64, unlabelled=40, train=20, val=10),
        workers=1,
        progress=False,
    )
    for made, name in (('unlabelled', 'photos'), ('imagenet', 'labelled'), ('coco', 'boxes')):
        (tmp_path / 'scenes' / made).rename(tmp_path / name)
    done = run(['-c', SESSION], cwd=tmp_path, path=site)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'Found 40 images' in done.stdout
    assert 'Done: runs/pre/epoch_2.pth' in done.stdout
    assert 'Done: runs/cls/epoch_1.pth' in done.stdout
    assert len(list((tmp_path / 'drawn/vis').iterdir())) == 10
    assert str(ROOT) not in (tmp_path / 'runs/pre/config.py').read_text()


def test_the_wheel_brings_the_command(site, tmp_path):
    (script,) = (site / 'bin').glob('mmcnx2')
    done = run([script, '--version'], cwd=tmp_path, path=site)
    assert done.stdout.startswith('mmcnx2 '), done.stderr
