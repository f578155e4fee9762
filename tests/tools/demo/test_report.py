"""The demo's page: what it says of settings, of runs that were stopped, and of what came out."""

import json

import pytest
from demo.classification import finding_of, loss_section, read_scores, scores_section
from demo.report import clock, count_of, random_crops

from mmcnx2.analysis.report.page import Section
from tests.support.configs import read_config


def log(run, start: str, rows: list[dict]) -> None:
    folder = run / start / 'vis_data'
    folder.mkdir(parents=True)
    (folder / 'scalars.json').write_text(''.join(json.dumps(row) + '\n' for row in rows))


@pytest.mark.parametrize(
    ('config', 'said'),
    [
        ('fcmae_convnextv2-mini_1xb32-18e_scenes', '0.3 to 1, at 96 px, mirrored at random'),
        ('convnextv2-mini_1xb15-50e_scenes', '0.4 to 1, at 96 px, mirrored at random'),
        ('mask-rcnn_convnextv2-mini_fpn_1xb8-12e_scenes', 'none'),
    ],
)
def test_random_crops_are_those_of_the_config(config, said):
    assert random_crops(read_config(f'demo/{config}.py')) == said


def test_counts_and_times_are_written_as_people_do():
    assert [count_of(n, 'epoch') for n in (1, 2)] == ['1 epoch', '2 epochs']
    assert [clock(s) for s in (0, 59.6, 61, 3600)] == ['0:00', '1:00', '1:01', '60:00']


def test_the_loss_of_a_run_that_was_stopped_begins_where_the_run_began(tmp_path, monkeypatch):
    rows = [dict(loss=1 - i / 100, lr=1e-3, time=1.0, data_time=0.1, step=i) for i in range(1, 21)]
    log(tmp_path, '20260101_000000', rows[:12])
    log(tmp_path, '20260102_000000', rows[10:])
    drawn = {}
    monkeypatch.setattr(
        'demo.classification.curves_section',
        lambda scalars, **_: drawn.update(scalars) or Section(title='', note='Of a step.'),
    )
    assert loss_section(tmp_path, 32).note.endswith('Of a step.')
    assert drawn['loss'][0] == list(range(1, 21))


def scores_of(tmp_path, pretrained, scratch):
    runs = {}
    for arm, values in (('pretrained', pretrained), ('scratch', scratch)):
        for seed, value in enumerate(values):
            run = tmp_path / f'{arm}{seed}'
            log(run, '20260101_000000', [{'accuracy/top1': value, 'step': 50}])
            runs.setdefault(arm, []).append(run)
    return read_scores(runs['pretrained'], runs['scratch'])


@pytest.mark.parametrize(
    ('pretrained', 'kind', 'said'),
    [
        ((50, 52, 57), 'pre-training helps', 'pre-trained gives 33.0 ± 9.0 points more than from'),
        ((8, 6, 1), 'pre-training hurts', 'pre-trained costs 15.0 ± 9.0 points against from'),
        ((32, 14, 20), 'no clear difference', 'cannot be told apart'),
    ],
)
def test_what_came_out_is_said_as_compare_says_it(pretrained, kind, said, tmp_path):
    found = finding_of(scores_of(tmp_path, pretrained, (20, 20, 20)))
    assert found.kind == kind and said in found.sentence
    assert found.good == (kind == 'pre-training helps')


def test_every_score_stands_in_the_table(tmp_path):
    section = scores_section(
        scores_of(tmp_path, (40.0, 44.0), (20.0, 21.0)), dict(classes=10, val=500), 'Tuned.'
    )
    assert section.table[1] == ['pre-trained', '42.0 ± 2.8', '40.0', '44.0']
    assert section.table[2] == ['from scratch', '20.5 ± 0.7', '20.0', '21.0']
    assert section.note.endswith('Tuned.') and len(section.pictures) == 1
