"""Images in Parquet, and in what Hugging Face's datasets saves, are files by the rows' paths."""

import json
import os

import pyarrow as pa
import pytest
from pyarrow.parquet import write_table

from mmcnx2.datasets import image_table
from mmcnx2.datasets.folder import ImageFolderUnlabelled
from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.image_table import ImageTable, saved_parts, split_row
from mmcnx2.datasets.sources import list_sources
from tests.support.pictures import encode, photograph

PICTURES = [encode(photograph(24, 24, seed=i), 'PNG') for i in range(3)]
FEATURES = dict(
    image=dict(_type='Image'),
    label=dict(names=['cat', 'dog'], _type='ClassLabel'),
)
BY_LIBRARY = {b'huggingface': json.dumps(dict(info=dict(features=FEATURES))).encode()}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return tmp_path / 'cache/mmcnx2/tables'


def table() -> pa.Table:
    """Cells as Hugging Face writes them, classes as numbers with names beside."""
    cells = [dict(bytes=data, path=None) for data in PICTURES]
    made = pa.table(dict(image=cells, label=[0, 1, 0]))
    return made.replace_schema_metadata(BY_LIBRARY)


def save(folder) -> str:
    """Write as ``Dataset.save_to_disk`` does, in two files."""
    folder.mkdir(parents=True)
    names = ['data-00000-of-00002.arrow', 'data-00001-of-00002.arrow']
    for name, part in zip(names, (table().slice(0, 2), table().slice(2)), strict=True):
        with (
            pa.OSFile(str(folder / name), 'wb') as sink,
            pa.ipc.new_stream(sink, part.schema) as to,
        ):
            to.write_table(part)
    state = dict(_data_files=[dict(filename=name) for name in names])
    (folder / 'state.json').write_text(json.dumps(state))
    return str(folder)


@pytest.fixture(params=['parquet', 'saved'])
def place(request, tmp_path) -> str:
    if request.param == 'saved':
        return save(tmp_path / 'saved')
    write_table(table(), tmp_path / 'a.parquet', row_group_size=2)
    return str(tmp_path / 'a.parquet')


def test_rows_are_files_with_labels(place):
    found = ImageTable(place)
    assert (found.column, found.rows()) == (
        'image', [dict(label='cat'), dict(label='dog'), dict(label='cat')]
    )  # fmt: skip
    assert [read_image_file(path) for path in found.paths()] == PICTURES
    with pytest.raises(UnreadableImageError, match='has 3 rows'):
        read_image_file(f'{place}/3')
    with pytest.raises(UnreadableImageError, match='more than max_bytes=9'):
        read_image_file(f'{place}/0', max_bytes=9)


def test_a_data_set_reads_them_by_a_list(place, tmp_path):
    found = list_sources(place)
    assert os.path.isdir(found.root)
    assert [f'{found.root}/{name}' for name in found.names] == [
        f'{place}/{row}' for row in range(3)
    ]
    (tmp_path / 'images.txt').write_text('\n'.join(found.names))
    dataset = ImageFolderUnlabelled(
        found.root, [dict(type='mmcnx2.LoadEncodedImage')], ann_file=str(tmp_path / 'images.txt')
    )
    assert [dataset[index]['ori_shape'] for index in range(3)] == [(24, 24)] * 3


def test_parquet_is_unpacked_once_and_again_when_it_has_changed(tmp_path, cache):
    file = str(tmp_path / 'a.parquet')
    for pictures, unpacked in ((PICTURES[:2], 1), (None, 1), (PICTURES, 2)):
        if pictures:
            write_table(pa.table(dict(data=pictures)), file)
        image_table._images.cache_clear()  # as in another process
        assert len(ImageTable(file).paths()) == len(pictures or PICTURES[:2])
        assert len(list(cache.iterdir())) == unpacked


def test_a_cell_may_name_a_file(tmp_path):
    (tmp_path / '0.png').write_bytes(PICTURES[0])
    cells = [dict(bytes=None, path='0.png'), dict(bytes=None, path=None)]
    kind = pa.struct([('bytes', pa.binary()), ('path', pa.string())])
    write_table(pa.table(dict(image=pa.array(cells, kind))), tmp_path / 'a.parquet')
    first, second = ImageTable(str(tmp_path / 'a.parquet')).paths()
    assert read_image_file(first) == PICTURES[0]
    with pytest.raises(UnreadableImageError, match='its cell is empty'):
        read_image_file(second)


def test_of_several_in_one_folder_the_training_part_is_taken(tmp_path):
    both = tmp_path / 'both'
    save(both / 'test'), save(both / 'train')
    (both / 'dataset_dict.json').write_text('{"splits": ["test", "train"]}')
    assert list(saved_parts(str(both))) == ['test', 'train']
    found = list_sources(str(both))
    assert (found.root, found.names) == (f'{both}/train', ['0', '1', '2'])
    assert "which holds test, train, '" in found.said[0]


def test_a_table_of_paths_is_none_of_images(tmp_path):
    write_table(pa.table(dict(path=['a.png'])), tmp_path / 'a.parquet')
    assert ImageTable(str(tmp_path / 'a.parquet')).column is None
    assert list_sources(f'{tmp_path}/a.parquet').names == ['a.png']
    assert split_row('/data/1') is None and split_row('a.png') is None


def test_what_is_no_table_is_one_sentence(tmp_path):
    (tmp_path / 'a.parquet').write_bytes(b'no table')
    with pytest.raises(ValueError, match="a.parquet' cannot be read"):
        ImageTable(str(tmp_path / 'a.parquet'))
    write_table(pa.table(dict(a=[b'x'], b=[b'y'])), tmp_path / 'b.parquet')
    with pytest.raises(ValueError, match=r'several columns of bytes \(a, b\): name that'):
        ImageTable(str(tmp_path / 'b.parquet'))
