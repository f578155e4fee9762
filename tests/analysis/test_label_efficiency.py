"""Scores over labels as a table, a plot and a page."""

import csv
from statistics import mean

import pytest
from matplotlib.colors import to_hex

from mmcnx2.analysis.curves import COLORS
from mmcnx2.analysis.label_efficiency import Scores, draw, tabulate, write_page

FOUND = {
    ('scratch', 0.1): (20.0, 22.0, 18.0),
    ('pre', 0.1): (40.0, 43.0, 37.0),
    ('scratch', 1.0): (60.0, 64.0, 62.0),
}


@pytest.fixture
def scores() -> Scores:
    found = {(*key, seed): s for key, values in FOUND.items() for seed, s in enumerate(values)}
    return Scores('top-1', ['scratch', 'pre'], [0.1, 1.0], found)


def test_the_table_has_means_spreads_and_differences(scores):
    assert tabulate(scores) == (
        '| top-1 | 10 % labels | 100 % labels |\n'
        '|---|---:|---:|\n'
        '| scratch | 20.0 ± 2.0 | 62.0 ± 2.0 |\n'
        '| pre | 40.0 ± 3.0 |  |\n'
        '| pre − scratch | +20.0 ± 2.5 |  |'
    )


def test_the_plot_tells_arms_apart_by_color_mark_and_stroke(scores):
    figure = draw(scores)
    (axes,) = figure.axes
    lines = [container.lines[0] for container in axes.containers]
    places = [list(line.get_xdata()) for line in lines]
    assert places == [pytest.approx([10, 100], rel=0.05), pytest.approx([10], rel=0.05)]
    assert places[0][0] < places[1][0], 'beside each other'
    assert list(lines[0].get_ydata()) == [mean(FOUND['scratch', 0.1]), mean(FOUND['scratch', 1.0])]
    assert [to_hex(line.get_color()) for line in lines] == list(COLORS[:2])
    assert len({line.get_marker() for line in lines}) == 2
    assert len({line.get_linestyle() for line in lines}) == 2
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['scratch', 'pre']


def test_the_page_says_what_is_known_so_far_and_what_goes_on(scores, tmp_path):
    page = write_page(tmp_path, scores, total=12, facts={'data': 'here'}, command='mmcnx2 compare')
    text = open(page, encoding='utf-8').read()
    assert 'So far 9 of 12 are scored' in text
    assert '**At 10 % of the labels, pre gives 20.0 ± 2.5 points more than scratch.**' in text
    assert tabulate(scores) in text and '- data: here' in text and 'mmcnx2 compare' in text
    assert (tmp_path / 'scores.png').stat().st_size > 5000
    rows = list(csv.DictReader((tmp_path / 'scores.csv').open()))
    assert len(rows) == 9
    assert rows[0] == dict(arm='scratch', labels='0.1', seed='0', score='20.0')
