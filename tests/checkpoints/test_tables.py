"""The tables of ``mmcnx2 models``."""

import re

from mmcnx2.archs import ARCHS
from mmcnx2.checkpoints.published import list_published
from mmcnx2.checkpoints.tables import WHERE, size_rows, weight_rows


def test_every_size_has_its_cost_its_gain_and_its_place():
    header, *rows = size_rows()
    assert [row[0] for row in rows] == list(ARCHS) == list(WHERE)
    assert {len(row) for row in rows} == {len(header)}
    atto = ('atto', '3.4 M', '0.547 G', '76.7 %', '+0.5', WHERE['atto'])
    assert rows[0] == atto
    gains = {row[0]: row[4] for row in rows}
    assert max(gains, key=lambda size: float(gains[size] or 0)) == 'large'  # as WHERE says
    assert gains['huge'] == ''  # the paper has no such row


def test_every_published_weight_has_its_license():
    header, *rows = weight_rows()
    assert [row[0] for row in rows] == [model.name for model in list_published()]
    table = [dict(zip(header, row, strict=True)) for row in rows]
    licenses = {row['license'] for row in table if row['blocks'] == 'V2'}
    assert licenses == {'CC-BY-NC'}
    dinov3 = [row for row in table if row['trained on'] == 'LVD-1689M']
    assert len(dinov3) == 4
    assert all(row['license'] == 'DINOv3 License' and row['top-1'] == '' for row in dinov3)
    assert all(re.fullmatch(r'\d+\.\d M', row['parameters']) for row in table)
