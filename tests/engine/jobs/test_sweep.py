"""Combinations of settings, and the table of their scores."""

import json
import runpy
import sys
from pathlib import Path

import pytest

from mmcnx2.engine.jobs import parts
from mmcnx2.engine.jobs.sweep import combinations, read_grid, run_name, tabulate

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / 'configs/upernet/upernet_convnextv2-base-fcmae_8xb2-amp-160k_ade20k-512x512.py'


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


def test_two_settings_of_one_key_are_refused():
    with pytest.raises(ValueError, match="'lr' is swept twice: write all its values after one"):
        read_grid(['lr=1', 'lr=2'])


@pytest.mark.parametrize('setting', ['lr', 'lr=', '=1', 'lr=1,,2'])
def test_what_is_no_setting_is_refused(setting):
    with pytest.raises(ValueError, match='is no setting to sweep: write KEY=VALUE,VALUE'):
        read_grid([setting])


def test_the_best_comes_first_and_what_failed_last():
    rows = [({'a.rate': '1'}, 0.2), ({'a.rate': '2'}, None), ({'a.rate': '3'}, 0.5)]
    assert tabulate(rows, 'mIoU').splitlines() == [
        '| rate | mIoU |', '|---|---|', '| 3 | 0.5 |', '| 1 | 0.2 |', '| 2 | none |',
    ]  # fmt: skip


@pytest.fixture
def sweep(tmp_path, monkeypatch):
    """``sweep(*options)`` runs the tool; ``sweep.started`` are the commands of the trainings.

    A stand-in for training logs a score, and fails for one rate.
    """

    def train(command: list[str], **_) -> None:
        sweep.started.append(command)
        rate = next(word for word in command if word.startswith('optim')).partition('=')[2]
        folder = Path(command[command.index('--work-dir') + 1]) / 'now/vis_data'
        folder.mkdir(parents=True, exist_ok=True)
        (folder / 'scalars.json').write_text(json.dumps(dict(step=1, mIoU=float(rate) * 1e5)))
        if rate == '3e-4':
            raise RuntimeError('out of memory')

    def sweep(*options: str, rates: str = '1e-4,2e-4,3e-4') -> list[str]:
        sweep.started = []
        words = ['--sweep', f'optim_wrapper.optimizer.lr={rates}', '--metric', 'mIoU']
        words += ['--work-dir', str(tmp_path), *options]
        monkeypatch.setattr(sys, 'argv', ['sweep.py', str(CONFIG), *words])
        runpy.run_path(str(ROOT / 'tools/analysis_tools/sweep.py'), run_name='__main__')
        return (tmp_path / 'table.md').read_text().splitlines()[2:]

    monkeypatch.setattr(parts, 'run_tool', train)
    return sweep


TABLE = ['| 2e-4 | 20 |', '| 1e-4 | 10 |', '| 3e-4 | none |']


def test_the_tool_trains_each_combination_once(sweep, tmp_path, capsys):
    options = ('--gpus', '8', '--cfg-options', 'data_root=here')
    assert sweep(*options) == TABLE
    assert '| 2e-4 | 20 |' in capsys.readouterr().out
    assert sweep.started[1] == [
        str(ROOT / 'tools/torchrun.py'), '--standalone', '--nproc_per_node=8',
        str(ROOT / 'tools/train.py'), str(CONFIG),
        '--work-dir', str(tmp_path / 'lr=2e-4'), '--resume', '--launcher', 'pytorch',
        '--cfg-options', 'optim_wrapper.optimizer.lr=2e-4', 'data_root=here',
    ]  # fmt: skip
    assert sweep(*options) == TABLE
    assert len(sweep.started) == 1, 'only what failed is trained again'
    assert 'lr=2e-4 (done before)' in capsys.readouterr().out


@pytest.mark.parametrize(
    'other', [('--cfg-options', 'randomness.seed=7'), ('--gpus', '2')], ids=['option', 'gpus']
)
def test_a_result_of_other_settings_is_never_taken_for_this_one(other, sweep, tmp_path):
    sweep()
    assert sweep(*other) == TABLE
    assert len(sweep.started) == 3
    assert (tmp_path / 'lr=1e-4.old-1/now/vis_data/scalars.json').is_file(), 'nor is it lost'


def test_what_changes_no_result_has_nothing_trained_again(sweep):
    sweep(rates='1e-4,2e-4')
    sweep('--cfg-options', 'train_dataloader.num_workers=16', rates='1e-4,2e-4')
    assert sweep.started == []


def test_folders_that_the_sweep_did_not_make_are_refused_before_anything_is_trained(
    sweep, tmp_path
):
    (tmp_path / 'lr=2e-4').mkdir()
    (tmp_path / 'lr=2e-4/epoch_36.pth').touch()
    with pytest.raises(SystemExit, match="error: '.*lr=2e-4' holds files that this tool did not"):
        sweep()
    assert sweep.started == [] and (tmp_path / 'lr=2e-4/epoch_36.pth').exists()
