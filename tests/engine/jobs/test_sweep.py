"""Combinations of settings, and the table of their scores."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from mmcnx2.engine.jobs.sweep import combinations, read_grid, run_name, tabulate

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / 'configs/upernet/upernet_convnextv2-b-fcmae_8xb2-amp-160k_ade20k-512x512.py'


def test_every_combination_comes_once_and_has_its_folder():
    grid = read_grid(['optim_wrapper.optimizer.lr=1e-4,2e-4', 'model.backbone.drop_path_rate=0.1'])
    choices = combinations(grid)
    assert choices == [
        {'optim_wrapper.optimizer.lr': lr, 'model.backbone.drop_path_rate': '0.1'}
        for lr in ('1e-4', '2e-4')
    ]
    assert [run_name(choice) for choice in choices] == [
        'lr=1e-4_drop_path_rate=0.1', 'lr=2e-4_drop_path_rate=0.1',
    ]  # fmt: skip


@pytest.mark.parametrize('setting', ['lr', 'lr=', '=1', 'lr=1,,2'])
def test_what_is_no_setting_is_refused(setting):
    with pytest.raises(ValueError, match='is no setting to sweep: write KEY=VALUE,VALUE'):
        read_grid([setting])


def test_the_best_comes_first_and_what_failed_last():
    rows = [({'a.rate': '1'}, 0.2), ({'a.rate': '2'}, None), ({'a.rate': '3'}, 0.5)]
    assert tabulate(rows, 'mIoU').splitlines() == [
        '| rate | mIoU |', '|---|---|', '| 3 | 0.5 |', '| 1 | 0.2 |', '| 2 | none |',
    ]  # fmt: skip


def test_the_tool_trains_each_combination_once(tmp_path, monkeypatch, capsys):
    """With a stand-in for training that logs a score, and fails for one rate."""
    started = []

    def train(command: list[str]) -> subprocess.CompletedProcess:
        started.append(command)
        rate = next(word for word in command if word.startswith('optim')).partition('=')[2]
        folder = Path(command[command.index('--work-dir') + 1]) / 'now/vis_data'
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'scalars.json').write_text(json.dumps(dict(step=1, mIoU=float(rate) * 1e5)))
        return subprocess.CompletedProcess(command, returncode=int(rate == '3e-4'))

    monkeypatch.setattr(subprocess, 'run', train)
    tool = ROOT / 'tools/analysis_tools/sweep.py'
    sweep = ['--sweep', 'optim_wrapper.optimizer.lr=1e-4,2e-4,3e-4', '--metric', 'mIoU']
    options = ['--work-dir', str(tmp_path), '--gpus', '8', '--cfg-options', 'data_root=here']
    monkeypatch.setattr(sys, 'argv', ['sweep.py', str(CONFIG), *sweep, *options])
    runpy.run_path(str(tool), run_name='__main__')
    table = (tmp_path / 'table.md').read_text()
    assert table.splitlines()[2:] == ['| 2e-4 | 20 |', '| 1e-4 | 10 |', '| 3e-4 | none |']
    assert table.strip() in capsys.readouterr().out
    assert started[1] == [
        'bash', str(ROOT / 'tools/dist_train.sh'), str(CONFIG), '8',
        '--work-dir', str(tmp_path / 'lr=2e-4'), '--resume',
        '--cfg-options', 'optim_wrapper.optimizer.lr=2e-4', 'data_root=here',
    ]  # fmt: skip

    runpy.run_path(str(tool), run_name='__main__')
    assert len(started) == 3 + 1, 'only what failed is trained again'
