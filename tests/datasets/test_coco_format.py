"""Own data in COCO's format: names from the file, and no label with two meanings."""

import json
from pathlib import Path

import pytest

import mmcnx2  # noqa: F401  (answers mmcv's operators before mmdet is imported)
from mmcnx2.datasets.coco_format import CocoFormatDataset

BIRDS = {7: 'wren', 3: 'owl', 5: 'jay'}  # ids need neither start at 1 nor be sorted


def write(path: Path, categories: dict[int, str]) -> None:
    """Write one image with a box of each of the classes."""
    path.write_text(
        json.dumps(
            dict(
                images=[dict(id=1, file_name='1.jpg', width=64, height=48)],
                categories=[dict(id=i, name=name) for i, name in categories.items()],
                annotations=[
                    dict(id=i, image_id=1, category_id=i, bbox=[i, 2, 9, 8], area=72, iscrowd=0)
                    for i in BIRDS
                ],
            )
        )
    )


def load(root: Path, **options) -> CocoFormatDataset:
    options = dict(ann_file='train.json') | options
    return CocoFormatDataset(data_root=str(root), data_prefix=dict(img='images'), **options)


def labels(data_set: CocoFormatDataset) -> dict[float, str]:
    """Return what each box, known by its left edge, is called."""
    (image,) = [data_set.get_data_info(i) for i in range(len(data_set))]
    names = data_set.metainfo['classes']
    return {box['bbox'][0]: names[box['bbox_label']] for box in image['instances']}


def test_names_come_from_the_file_and_belong_to_their_boxes(tmp_path):
    write(tmp_path / 'train.json', BIRDS)
    data_set = load(tmp_path)
    assert data_set.metainfo['classes'] == ('wren', 'owl', 'jay')
    assert labels(data_set) == BIRDS


def test_names_given_keep_those_classes_alone(tmp_path):
    write(tmp_path / 'train.json', BIRDS)
    data_set = load(tmp_path, metainfo=dict(classes=('wren', 'jay')))
    assert labels(data_set) == {7: 'wren', 5: 'jay'}


def test_validation_takes_the_names_of_training(tmp_path):
    write(tmp_path / 'train.json', BIRDS)
    write(tmp_path / 'val.json', {7: 'wren', 3: 'owl', 4: 'kea', 5: 'jay'})
    data_set = load(tmp_path, ann_file='val.json', classes_from='train.json', test_mode=True)
    assert data_set.metainfo['classes'] == ('wren', 'owl', 'jay')
    assert labels(data_set) == BIRDS


@pytest.mark.parametrize(
    ('categories', 'options', 'error', 'sentence'),
    [
        ({3: 'owl', 7: 'wren', 5: 'jay'}, {}, ValueError, 'in the order owl, wren, jay'),
        ({7: 'wren', 5: 'jay'}, {}, ValueError, 'has no category owl'),
        ({}, dict(classes_from='val.json'), ValueError, "has no 'categories'"),
        (BIRDS, dict(classes_from='no.json'), FileNotFoundError, "no.json' does not exist"),
        (BIRDS, dict(metainfo=dict(classes=('jay', 'owl'))), ValueError, 'count as jay, owl'),
    ],
    ids=['order', 'missing class', 'no categories', 'no file', 'order given'],
)
def test_what_would_mix_labels_up_is_refused(tmp_path, categories, options, error, sentence):
    write(tmp_path / 'train.json', BIRDS)
    write(tmp_path / 'val.json', categories)
    options = dict(classes_from='train.json') | options
    with pytest.raises(error, match=sentence):
        load(tmp_path, ann_file='val.json', **options)


def test_nothing_is_opened_before_it_is_asked_for(tmp_path):
    data_set = load(tmp_path, lazy_init=True, classes_from='train.json', ann_file='val.json')
    assert 'classes' not in data_set.metainfo
    write(tmp_path / 'train.json', BIRDS)
    write(tmp_path / 'val.json', BIRDS)
    assert len(data_set) == 1 and data_set.metainfo['classes'] == ('wren', 'owl', 'jay')


def test_objects_of_a_file_that_lacks_what_can_be_computed_are_loaded(tmp_path):
    write(tmp_path / 'train.json', BIRDS)
    complete = load(tmp_path)
    file = json.loads((tmp_path / 'train.json').read_text())
    for annotation in file['annotations']:
        for key in ('id', 'area', 'iscrowd'):
            del annotation[key]
    (tmp_path / 'train.json').write_text(json.dumps(file, ensure_ascii=False), 'utf-8-sig')
    assert load(tmp_path).get_data_info(0) == complete.get_data_info(0)


def test_masks_are_loaded_where_all_objects_have_one(tmp_path):
    write(tmp_path / 'train.json', BIRDS)
    file = json.loads((tmp_path / 'train.json').read_text())
    triangle = [[1, 1, 9, 1, 9, 9]]
    for number, annotation in enumerate(file['annotations']):
        annotation['segmentation'] = triangle if number else []
    (tmp_path / 'train.json').write_text(json.dumps(file))
    image = load(tmp_path).get_data_info(0)
    assert not image['with_masks'] and not any('mask' in box for box in image['instances'])
    file['annotations'][0]['segmentation'] = triangle
    (tmp_path / 'train.json').write_text(json.dumps(file))
    image = load(tmp_path).get_data_info(0)
    assert image['with_masks'] and [box['mask'] for box in image['instances']] == [triangle] * 3


def test_an_empty_path_is_refused():
    with pytest.raises(ValueError, match='ann_file is empty, but a path is expected'):
        CocoFormatDataset(ann_file='')


def test_a_folder_is_not_looked_through_over_http():
    with pytest.raises(ValueError, match='is an address, .* download it or mount it'):
        CocoFormatDataset(data_root='https://host/images', ann_file='a.json')


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"'{tmp_path}/coco/a.json' does not exist"):
        CocoFormatDataset(ann_file='a.json', data_root='~/coco')
