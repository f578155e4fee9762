"""Reading back the numbers of a run."""

import json

import pytest

from mmcnx2.analysis.training_log import read_last_scores, read_training_log


def write(folder, *rows):
    (folder / 'vis_data').mkdir(parents=True)
    lines = [json.dumps(row) for row in rows]
    (folder / 'vis_data/scalars.json').write_text('\n'.join(lines) + '\n')


def test_the_latest_run_below_the_folder_is_read(tmp_path):
    write(tmp_path / '20260101_000000', {'loss': 9.0, 'step': 1})
    write(
        tmp_path / '20260102_000000',
        {'loss': 2.0, 'lr': 0.1, 'step': 10},
        {'loss': 1.5, 'lr': 0.1, 'step': 20},
        {'accuracy/top1': 30.0, 'data_time': 0.1, 'time': 0.2, 'step': 1},
        {'accuracy/top1': 41.5, 'data_time': 0.1, 'time': 0.2, 'step': 2},
    )
    log = read_training_log(tmp_path)
    assert log.steps == [10, 20] and log.losses == [2.0, 1.5]
    assert log.scores == {'accuracy/top1': 41.5}


def test_a_folder_without_a_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='has no <time>/vis_data/scalars.json: train there'):
        read_training_log(tmp_path)


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    write(tmp_path / 'run/20260101_000000', {'loss': 9.0, 'step': 1})
    assert read_training_log('~/run').losses == [9.0]


def test_the_last_evaluation_may_be_of_an_earlier_start(tmp_path):
    """A run that is resumed at its end evaluates nothing anew."""
    write(
        tmp_path / '20260101_000000',
        {'accuracy/top1': 30.0, 'time': 0.2, 'step': 1},
        {'accuracy/top1': 41.5, 'time': 0.2, 'step': 2},
    )
    assert read_last_scores(tmp_path) == {'accuracy/top1': 41.5}
    write(tmp_path / '20260102_000000', {'loss': 2.0, 'step': 10})
    assert read_last_scores(tmp_path) == {'accuracy/top1': 41.5}
    write(tmp_path / '20260103_000000', {'accuracy/top1': 50.0, 'step': 3})
    assert read_last_scores(tmp_path) == {'accuracy/top1': 50.0}
