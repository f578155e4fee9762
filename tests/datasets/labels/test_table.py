"""Tables of paths and labels, in text and in Parquet."""

import pyarrow
import pytest
from pyarrow.parquet import write_table

from mmcnx2.datasets.labels.table import (
    LABELS,
    PATHS,
    find_column,
    is_table,
    read_paths,
    read_rows,
)


def test_columns_are_found_by_the_names_that_people_give_them(tmp_path):
    (tmp_path / 'a.csv').write_text('\ufeffFilename,Label\n"b, c.png",cat\n/abs/d.png,\n')
    rows = read_rows(str(tmp_path / 'a.csv'))
    assert rows == [
        dict(Filename='b, c.png', Label='cat'),
        dict(Filename='/abs/d.png', Label=''),
    ]
    assert find_column('', rows[0], LABELS) == 'Label'
    assert read_paths(str(tmp_path / 'a.csv')) == [f'{tmp_path}/b, c.png', '/abs/d.png']


def test_parquet_is_read_without_what_is_nested(tmp_path):
    columns = dict(path=['a.png', 'b.png'], label=[3, None], image=[{'bytes': b'x'}] * 2)
    write_table(pyarrow.table(columns), tmp_path / 'a.parquet')
    rows = read_rows(str(tmp_path / 'a.parquet'))
    assert rows == [dict(path='a.png', label='3'), dict(path='b.png', label='')]


def test_what_is_no_table_is_one_sentence(tmp_path):
    (tmp_path / 'a.csv').write_text('a,b\n1,2\n')
    with pytest.raises(ValueError, match='has the columns a, b: name one of them path'):
        read_paths(str(tmp_path / 'a.csv'))
    with pytest.raises(ValueError, match='several of these, path, file'):
        find_column('t', dict(path='', file=''), PATHS)
    (tmp_path / 'b.csv').write_text('path\n')
    with pytest.raises(ValueError, match='has no rows'):
        read_rows(str(tmp_path / 'b.csv'))
    (tmp_path / 'c.parquet').write_text('no table')
    with pytest.raises(ValueError, match='cannot be read'):
        read_rows(str(tmp_path / 'c.parquet'))
    assert is_table(str(tmp_path / 'a.csv')) and not is_table(str(tmp_path / 'z.csv'))
