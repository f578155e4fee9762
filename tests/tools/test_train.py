"""tools/train.py and tools/test.py from the command line, for the four kinds of config."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from demo.scenes import SceneSettings, build
from mmengine.config import Config

from tests.support.command_line import ROOT, passed, torchrun
from tests.support.forked_tool import tool
from tests.support.toy_config import shorten, shrink

FOLDER = ROOT / 'configs/fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
SCENES = dict(
    classification=ROOT / 'configs/demo/convnextv2-atto_1xb64-50e_scenes.py',
    detection=ROOT / 'configs/demo/mask-rcnn_convnextv2-atto_fpn_1xb8-12e_scenes.py',
    segmentation=ROOT / 'configs/demo/upernet_convnextv2-atto_1xb8-2k_scenes-128x128.py',
)
SCORES = dict(classification='accuracy/top1', detection='coco/segm_mAP', segmentation='mIoU')


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('scenes')
    build(root, SceneSettings(size=64, unlabelled=4, train=10, val=10), workers=1, progress=False)
    return root


def toy(config: Path, folder: Path) -> Path:
    """Write a config's toy version: tiny model, one short epoch, no worker processes."""
    cfg = shorten(shrink(Config.fromfile(config)))
    path = folder / config.name
    cfg.dump(path)
    return path


def test_pre_trains_on_a_folder_and_resumes(scenes, tmp_path):
    config = toy(FOLDER, tmp_path)
    options = ['--cfg-options', f'data_root={scenes}/unlabelled', 'train_dataloader.batch_size=2']
    options.append('train_dataloader.dataset.pipeline.1.scale=64')
    said = passed(tool('train.py', config, '--auto-scale-lr', *options, cwd=tmp_path))
    work_dir = tmp_path / 'work_dirs' / config.stem
    assert (work_dir / 'epoch_1.pth').is_file()
    assert 'Epoch(train) [1][2/2]' in said
    assert '0.03125' in said, 'the rate is not scaled by 2 / 64'

    options += ['train_cfg.max_epochs=2', 'train_dataloader.num_workers=1']
    options.append('train_dataloader.persistent_workers=True')
    said = passed(tool('train.py', config, '--resume', *options, cwd=tmp_path))
    assert 'resumed epoch: 1' in said
    assert 'Epoch(train) [1]' not in said and 'Epoch(train) [2][2/2]' in said
    assert (work_dir / 'epoch_2.pth').is_file()
    assert 'exited unexpectedly' not in said, 'a loading process that ends with the run alarms'


@pytest.mark.parametrize('kind', SCENES)
def test_trains_then_tests(kind, scenes, tmp_path):
    config = toy(SCENES[kind], tmp_path)
    moved = ['--cfg-options', f'data_root={scenes}']
    said = passed(tool('train.py', config, '--amp', '--work-dir', 'run', *moved, cwd=tmp_path))
    assert SCORES[kind] in said, 'no validation'
    checkpoint = (tmp_path / 'run/last_checkpoint').read_text()

    out = 'maps' if kind == 'segmentation' else 'predictions.pkl'
    views = ['--tta'] if kind == 'segmentation' else ['--show-dir', tmp_path / 'shown']
    arguments = [config, checkpoint, '--out', out, *views, *moved]
    said = passed(tool('test.py', *arguments, cwd=tmp_path))
    assert SCORES[kind] in said, 'no score'
    assert (tmp_path / out).exists()
    if kind == 'segmentation':
        assert len(list((tmp_path / out).glob('*.png'))) == 10
    else:
        assert len(list((tmp_path / 'shown').rglob('*.[jp]*'))) == 10


def test_two_processes_score_as_one_does(scenes, tmp_path):
    config = toy(SCENES['classification'], tmp_path)
    moved = ['--cfg-options', f'data_root={scenes}']
    passed(tool('train.py', config, '--work-dir', 'run', '--no-validate', *moved, cwd=tmp_path))
    test = ['test.py', config, tmp_path / 'run/epoch_1.pth', *moved]
    scores = [
        set(re.findall(r'accuracy/top1: ([\d.]+)', passed(run(*test, cwd=tmp_path))))
        for run in (tool, torchrun)
    ]
    assert scores[0] == scores[1] and len(scores[0]) == 1, scores


@pytest.mark.parametrize(
    ('name', 'arguments', 'sentence'),
    [
        ('train.py', ['no.py'], "config 'no.py' does not exist"),
        ('train.py', [FOLDER], "data folder 'data/images' of train_dataloader does not exist"),
        ('train.py', [FOLDER, '--resume', 'no.pth'], "checkpoint 'no.pth' does not exist"),
        ('train.py', [FOLDER, '--resume', '--move-aside'], '--resume goes on with the checkpoints'),
        ('test.py', [SCENES['detection'], 'no.pth'], "checkpoint 'no.pth' does not exist"),
        ('test.py', [FOLDER, 'no.pth'], 'pre-training has no score'),
    ],
    ids=['config', 'data', 'resume', 'both ways', 'checkpoint', 'pre-training'],
)
def test_what_is_missing_is_one_sentence_before_work_starts(name, arguments, sentence, tmp_path):
    run = tool(name, *arguments, cwd=tmp_path)
    assert run.returncode == 1
    assert run.stderr.strip().splitlines()[-1].startswith('error: '), run.stderr
    assert sentence in run.stderr
    assert 'Traceback' not in run.stderr
    assert not list(tmp_path.iterdir()), 'it left something behind'


@pytest.mark.parametrize('script', sorted((ROOT / 'tools').glob('*_t*.sh')), ids=lambda p: p.name)
def test_launch_scripts_pass_arguments_on_whole(script, tmp_path):
    """With a stand-in for the launcher that prints what it is told to run."""
    for launcher in ('python', 'srun'):
        stand_in = tmp_path / launcher
        stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        stand_in.chmod(0o755)
    train, slurm = 'train' in script.name, 'slurm' in script.name
    positional = ['c.py', 'dir or file']
    positional = ['part', 'job', *positional] if slurm else positional[: 2 - train] + ['2']
    run = subprocess.run(
        [script, *positional, '--cfg-options', 'a=b c'],
        env={**os.environ, 'PATH': f'{tmp_path}:{os.environ["PATH"]}'},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    told = run.stdout.splitlines()
    tool_at = next(i for i, word in enumerate(told) if word.endswith(('/train.py', '/test.py')))
    expected = ['c.py', *([] if train and not slurm else ['dir or file'])]
    if train and slurm:
        expected.insert(1, '--work-dir')
    expected += ['--launcher', 'slurm' if slurm else 'pytorch', '--cfg-options', 'a=b c']
    assert told[tool_at + 1 :] == expected
    assert len(script.read_text().splitlines()) <= 15, f'{script.name} is no longer thin'
