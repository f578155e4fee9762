"""A file in COCO's format that lacks what can be computed is completed in memory."""

import json
from pathlib import Path

import pytest
from PIL import Image

import mmcnx2  # noqa: F401  (answers mmcv's operators before mmdet is imported)
from mmcnx2.datasets.coco_file import complete, find_image, read_coco


def contents(**annotation) -> dict:
    return dict(
        images=[dict(id=1, file_name='a.jpg', width=40, height=30)],
        categories=[dict(id=1, name='owl')],
        annotations=[dict(id=5, image_id=1, category_id=1) | annotation],
    )


def picture(path: Path, *, size: tuple[int, int] = (40, 30), orientation: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.new('RGB', size).save(path, exif=exif)


SQUARE = [[2, 3, 12, 3, 12, 13, 2, 13]]


def test_area_and_box_are_those_of_the_mask_and_nothing_is_a_crowd():
    file = contents(segmentation=SQUARE)
    assert complete(file) == dict(iscrowd=1, bbox=1, area=1)
    annotation = file['annotations'][0]
    assert (annotation['iscrowd'], annotation['area']) == (0, 100.0)
    assert annotation['bbox'] == [2, 3, 10, 10]


def test_without_a_mask_the_area_is_that_of_the_box():
    file = contents(bbox=[1, 2, 7, 4], iscrowd=1)
    assert complete(file) == dict(area=1)
    assert file['annotations'][0]['area'] == 28
    assert file['annotations'][0]['iscrowd'] == 1


def test_what_is_there_stays():
    file = contents(bbox=[1, 2, 7, 4], area=3, iscrowd=0, segmentation=SQUARE)
    before = json.dumps(file)
    assert not complete(file)
    assert json.dumps(file) == before


@pytest.mark.parametrize('ids', [(0, 1), (4, 4), (None, 3)], ids=['zero', 'twice', 'missing'])
def test_ids_that_evaluation_would_mistake_are_numbered_anew(ids):
    file = contents(bbox=[1, 2, 7, 4])
    file['annotations'] = [file['annotations'][0] | dict(id=number) for number in ids]
    assert complete(file)['id'] == 2
    assert [annotation['id'] for annotation in file['annotations']] == [1, 2]


def test_sizes_are_those_of_the_files_turned_upright(tmp_path):
    picture(tmp_path / 'a.jpg', orientation=6)
    file = contents(bbox=[1, 2, 7, 4], area=28, iscrowd=0)
    del file['images'][0]['width']
    assert complete(file, images=tmp_path) == {'width and height': 1}
    assert (file['images'][0]['width'], file['images'][0]['height']) == (30, 40)


@pytest.mark.parametrize(
    ('name', 'found'),
    [
        ('near/a.jpg', 'near/a.jpg'),
        ('near\\a.jpg', 'near/a.jpg'),
        ('train/near/a.jpg', 'near/a.jpg'),
        ('birds\\train\\near\\a.jpg', 'near/a.jpg'),
        ('far/a.jpg', None),
        ('a.jpg', None),
        ('val/near/a.jpg', None),
    ],
)
def test_backslashes_and_doubled_prefixes_lead_to_the_file_and_nothing_else_does(
    tmp_path, name, found
):
    picture(tmp_path / 'birds/train/near/a.jpg')
    assert find_image(name, tmp_path / 'birds/train') == found


def test_names_are_changed_to_those_of_the_files(tmp_path):
    picture(tmp_path / 'train/a.jpg')
    file = contents(bbox=[1, 2, 7, 4], area=28, iscrowd=0)
    file['images'][0]['file_name'] = 'train\\a.jpg'
    assert complete(file, images=tmp_path / 'train') == dict(file_name=1)
    assert file['images'][0]['file_name'] == 'a.jpg'


def test_a_folder_of_the_images_that_is_called_as_their_own_is_no_doubled_prefix(tmp_path):
    picture(tmp_path / 'train/train/a.jpg')
    picture(tmp_path / 'train/a.jpg')
    assert find_image('train/a.jpg', tmp_path / 'train') == 'train/a.jpg'


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('{"images": [', 'is no JSON file'),
        ('[]', "has no 'categories'"),
        ('{"categories": [{"id": 1}]}', "has no 'images'"),
    ],
)
def test_what_is_not_in_cocos_format_is_refused(tmp_path, text, sentence):
    path = tmp_path / 'train.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        read_coco(path)


def test_a_byte_order_mark_is_no_damage(tmp_path):
    path = tmp_path / 'train.json'
    path.write_text(json.dumps(contents()), encoding='utf-8-sig')
    assert read_coco(path)['categories'] == [dict(id=1, name='owl')]
