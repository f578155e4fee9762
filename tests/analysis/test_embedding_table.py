"""Vectors and paths go to a file of each format and come back to the bit."""

import numpy as np
import pandas
import pytest

from mmcnx2.analysis.embedding_table import ENDINGS, EmbeddingTable, check_ending, files_of


@pytest.fixture
def table() -> EmbeddingTable:
    vectors = np.random.default_rng(0).standard_normal((3, 5)).astype(np.float32)
    return EmbeddingTable(['/a, b.jpg', '/ü.png', '/c'], vectors, 'f00', 'stage 4, mean, 64 px')


@pytest.mark.parametrize('ending', ENDINGS)
def test_what_is_written_is_read(ending, table, tmp_path):
    path = tmp_path / f'e{ending}'
    table.write(path)
    assert sorted(tmp_path.iterdir()) == sorted(files_of(path))
    again = EmbeddingTable.read(path)
    assert again.paths == table.paths
    assert np.array_equal(again.vectors, table.vectors) and again.vectors.dtype == np.float32
    assert (again.model, again.settings) == (table.model, table.settings)


def test_other_programs_read_the_columns(table, tmp_path):
    table.write(tmp_path / 'e.parquet')
    frame = pandas.read_parquet(tmp_path / 'e.parquet')
    assert frame.columns.to_list() == ['path', 'vector', 'model', 'settings']
    table.write(tmp_path / 'e.npy')
    assert np.array_equal(np.load(tmp_path / 'e.npy'), table.vectors)
    assert pandas.read_csv(tmp_path / 'e.csv')['path'].to_list() == table.paths


def test_what_is_no_table_is_refused(tmp_path):
    (tmp_path / 'e.csv').write_text('name,age\nx,3\n')
    with pytest.raises(ValueError, match=r"e\.csv' holds no embeddings"):
        EmbeddingTable.read(tmp_path / 'e.csv')
    (tmp_path / 'e.parquet').write_text('no table')
    with pytest.raises(ValueError, match=r"e\.parquet' holds no embeddings"):
        EmbeddingTable.read(tmp_path / 'e.parquet')
    with pytest.raises(ValueError, match='ends in none of .parquet, .npy, .csv'):
        check_ending('e.json')
