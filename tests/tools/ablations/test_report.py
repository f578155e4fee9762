"""An ablation's page: the scores as they are, the paper's beside them, and what is missing."""

import json

from ablations.report import AblationReport, Outcome

REPORT = AblationReport(
    key='2d',
    title='a title',
    outcomes=[
        Outcome('LN', [40.0, 43.0], 83.8, parameters=650_000, loss=0.8767),
        Outcome('BN', [], 80.5, failure='the loss is infinite'),
        Outcome('X * N(X)', [], None),
    ],
    settings='Small.',
    paper_settings='Large.',
)


def test_table_has_means_spreads_and_the_papers_numbers():
    lines = REPORT.table().splitlines()
    assert lines[2] == '| LN | 41.5 | 2.1 | 2 | 0.877 | 0.65 M | 83.8 |'
    assert lines[3] == '| BN | the loss is infinite |  | 0 |  |  | 80.5 |'
    assert lines[4] == '| X * N(X) | not run |  | 0 |  |  | not printed |'


def test_page_file_and_picture(tmp_path):
    page = REPORT.write(tmp_path / 'tables')
    text = page.read_text()
    assert REPORT.table() in text and 'Small. Large.' in text and '(table_2d.png)' in text
    content = json.loads(page.with_suffix('.json').read_text())
    assert content['outcomes'][0]['scores'] == [40.0, 43.0]
    assert content['outcomes'][0]['mean'] == 41.5
    assert page.with_suffix('.png').stat().st_size > 5000
