"""Colors become class numbers by a table of the folder's own."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from mmcnx2.datasets.labels.colors import are_colored, convert_mask, find_color_table
from mmcnx2.datasets.labels.left_out import LeftOut

ROAD, SKY, VOID = (128, 64, 128), (70, 130, 180), (0, 0, 0)


@pytest.mark.parametrize(
    ('name', 'text'),
    [
        ('classes.txt', 'road 128 64 128\nthe sky 70 130 180\nvoid 0 0 0\n'),
        ('class_dict.csv', 'name,r,g,b\nroad,128,64,128\nthe sky, 70, 130, 180\nVoid,0,0,0\n'),
        ('labelmap.txt', '# label:color\nroad:128,64,128::\nthe sky:70,130,180::\nvoid:0,0,0::\n'),
        ('classes.json', json.dumps({'road': ROAD, 'the sky': SKY, 'ignore': VOID})),
        (
            'classes.json',
            json.dumps(
                [
                    dict(name='road', color=ROAD),
                    dict(name='the sky', color=SKY),
                    dict(name='void', color=VOID),
                ]
            ),
        ),
    ],
)
def test_tables_are_read_in_the_forms_that_people_write(name, text, tmp_path):
    (tmp_path / name).write_text(text)
    table = find_color_table(str(tmp_path))
    assert table.classes == ('road', 'the sky')
    assert (table.colors, table.void) == ((ROAD, SKY), (VOID,))


def test_names_alone_are_no_table(tmp_path):
    assert find_color_table(str(tmp_path)) is None
    (tmp_path / 'classes.txt').write_text('road\nroute 66\n')
    assert find_color_table(str(tmp_path)) is None


@pytest.mark.parametrize(
    ('name', 'text', 'said'),
    [
        ('classes.txt', 'road 1 2 3\nsky\ntree 4 5 6\n', "has a line 'sky'"),
        ('classes.txt', 'road 1 2 300\n', "gives 'road' the color"),
        ('classes.txt', 'road 1 2 3\nsky 1 2 3\n', "gives 'road' and 'sky' one color"),
        ('classes.json', '[1]', 'is no table of colors'),
    ],
)
def test_what_is_no_table_is_refused(name, text, said, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(ValueError, match=said):
        find_color_table(str(tmp_path))


def test_a_mask_becomes_numbers_and_other_colors_are_counted(tmp_path):
    (tmp_path / 'classes.txt').write_text('road 128 64 128\nsky 70 130 180\nvoid 0 0 0\n')
    pixels = np.array([[ROAD, SKY], [VOID, (1, 2, 3)]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / 'a.png')
    Image.fromarray(pixels[:1]).save(tmp_path / 'b.png')
    Image.fromarray(np.zeros((2, 2), np.uint8)).convert('P').save(tmp_path / 'palette.png')
    table, left_out = find_color_table(str(tmp_path)), LeftOut()
    made = [convert_mask(str(tmp_path / f'{name}.png'), table, left_out) for name in 'ab']
    labels = [np.asarray(Image.open(io.BytesIO(each))).tolist() for each in made]
    assert labels == [[[0, 1], [255, 255]], [[0, 1]]]
    reason = 'masks with colors of no class, not trained on there'
    assert left_out.reasons == {reason: (1, f'{tmp_path}/a.png: (1, 2, 3)')}
    assert are_colored([str(tmp_path / 'a.png')])
    assert not are_colored([str(tmp_path / 'palette.png')]), 'its pixels are numbers'
