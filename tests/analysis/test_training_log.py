"""Reading back the numbers of a run."""

import json

import pytest

from mmcnx2.analysis.training_log import read_scalars, read_training_log


def write(folder, *rows):
    (folder / 'vis_data').mkdir(parents=True)
    lines = [json.dumps(row) for row in rows]
    (folder / 'vis_data/scalars.json').write_text('\n'.join(lines) + '\n')


def test_a_run_from_the_beginning_replaces_earlier_ones(tmp_path):
    write(
        tmp_path / '20260101_000000',
        {'loss': 9.0, 'step': 10},
        {'loss': 8.0, 'step': 30},
        {'accuracy/top1': 99.0, 'step': 3},
    )
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
    assert read_scalars(tmp_path)['accuracy/top1'] == ([1, 2], [30.0, 41.5])
    assert sorted(read_scalars(tmp_path, training_alone=True)) == ['loss', 'lr']


def test_a_run_that_went_on_is_one_run(tmp_path):
    write(
        tmp_path / '20260101_000000',
        {'loss': 9.0, 'step': 10},
        {'accuracy/top1': 10.0, 'step': 1},
        {'loss': 8.0, 'step': 20},
        {'accuracy/top1': 20.0, 'step': 2},
        {'loss': 7.0, 'step': 30},
    )
    write(tmp_path / '20260102_000000')  # ended before its first line
    write(
        tmp_path / '20260103_000000',
        {'loss': 7.5, 'step': 20},
        {'accuracy/top1': 25.0, 'step': 2},
        {'loss': 6.5, 'step': 30},
    )
    scalars = read_scalars(tmp_path)
    assert scalars['loss'] == ([10, 20, 30], [9.0, 7.5, 6.5])
    assert scalars['accuracy/top1'] == ([1, 2], [10.0, 25.0])


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
        {'loss': 3.0, 'step': 5},
        {'accuracy/top1': 30.0, 'time': 0.2, 'step': 1},
        {'accuracy/top1': 41.5, 'time': 0.2, 'step': 2},
    )
    assert read_training_log(tmp_path).scores == {'accuracy/top1': 41.5}
    write(tmp_path / '20260102_000000', {'loss': 2.0, 'step': 10})
    assert read_training_log(tmp_path).scores == {'accuracy/top1': 41.5}
    write(tmp_path / '20260103_000000', {'accuracy/top1': 50.0, 'step': 3})
    assert read_training_log(tmp_path).scores == {'accuracy/top1': 50.0}
