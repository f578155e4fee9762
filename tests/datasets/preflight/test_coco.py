"""Annotation files and their images: what training would fail for later, said before."""

import json
from copy import deepcopy
from pathlib import Path

import pytest
from mmengine.config import Config

import mmcnx2.datasets.coco_format  # noqa: F401  (registers it; answers operators before mmdet)
from mmcnx2.datasets.preflight import Report, look_at_data
from tests.support.pictures import photograph

WIDTH, HEIGHT = 48, 36
FILE = dict(
    images=[dict(id=i, file_name=f'{i}.jpg', width=WIDTH, height=HEIGHT) for i in (1, 2, 3, 4)],
    categories=[dict(id=7, name='wren'), dict(id=3, name='owl')],
    annotations=[
        dict(
            id=10 + i,
            image_id=i,
            category_id=category,
            bbox=[4, 6, 10, 12],
            area=120,
            iscrowd=0,
            segmentation=[[4, 6, 14, 6, 14, 18, 4, 18]],
        )
        for i, category in ((1, 7), (2, 3), (3, 7), (4, 3))
    ],
)
MASKS = dict(type='MaskRCNN', roi_head=dict(mask_head=dict(num_classes=2)))


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / 'images').mkdir()
    for i in (1, 2, 3, 4):
        photograph(HEIGHT, WIDTH).save(tmp_path / f'images/{i}.jpg')
    return tmp_path


def look(
    root: Path,
    file: dict,
    *,
    role: str = 'train',
    model: dict = MASKS,
    evaluator=None,
    hooks: dict | None = None,
    **options,
) -> Report:
    (root / 'file.json').write_text(json.dumps(file))
    dataset = dict(
        type='mmcnx2.CocoFormatDataset',
        data_root=str(root),
        ann_file='file.json',
        data_prefix=dict(img='images'),
        pipeline=[dict(type='LoadImageFromFile'), dict(type='mmcnx2.LoadObjects')],
    )
    cfg = Config({'default_scope': 'mmdet', 'model': model, f'{role}_evaluator': evaluator})
    cfg.default_hooks = hooks or {}
    return look_at_data(cfg, {role: dict(batch_size=2, dataset={**dataset, **options})})


def only_error(report: Report) -> str:
    (error,) = report.errors
    return error


def without(*keys: str, of: str = 'annotations') -> dict:
    file = deepcopy(FILE)
    for entry in file[of]:
        for key in keys:
            del entry[key]
    return file


def changed(*, of: str = 'annotations', entry: int = 0, **values) -> dict:
    file = deepcopy(FILE)
    file[of][entry].update(values)
    return file


def test_sound_data_are_summed_up_in_one_line(root):
    report = look(root, FILE)
    assert (report.errors, report.warnings) == ([], [])
    assert report.found == 'data: train has 4 images, 4 objects, 2 classes (wren, owl).'


@pytest.mark.parametrize(
    'file', [without('area', 'iscrowd', 'id'), without('width', 'height', of='images')]
)
def test_what_can_be_computed_is_no_problem_and_one_for_mmdets_own_data_set(root, file):
    assert look(root, file).errors == []
    own = look(root, file, type='CocoDataset', metainfo=dict(classes=('wren', 'owl')))
    assert own.errors
    for error in own.errors:
        assert '4 ' in error and 'have no ' in error and '(1.jpg, 2.jpg, 3.jpg and 1 more)' in error
        assert 'take mmcnx2.CocoFormatDataset and mmcnx2.CocoFormatMetric' in error


def test_objects_without_masks_are_refused_for_a_mask_head_and_fine_without(root):
    file = without('segmentation')
    error = only_error(look(root, file))
    assert '4 of 4 objects have no segmentation' in error
    assert 'model.roi_head.mask_head=None' in error
    assert look(root, file, model=dict(roi_head=dict(mask_head=None))).errors == []
    loads = [dict(type='LoadAnnotations', with_bbox=True, with_mask=True)]
    mixed = changed(segmentation=[])
    error = only_error(look(root, mixed, model=dict(type='FasterRCNN'), pipeline=loads))
    assert '1 of 4 objects have no segmentation (1.jpg)' in error


def test_a_list_of_numbers_is_no_list_of_polygons(root):
    error = only_error(look(root, changed(segmentation=[4, 6, 14, 6, 14, 18])))
    assert '1 segmentations are lists of numbers (1.jpg): give a list of polygons' in error


@pytest.mark.parametrize(
    ('file', 'sentence'),
    [
        (changed(image_id=9), '1 annotations have image_ids that are none of the images'),
        (changed(category_id=9), '1 annotations have category_ids that are none of the categories'),
        (changed(of='images', id=2), '2 images share their id with another one (1.jpg, 2.jpg)'),
        (changed(bbox=[1, 2, 3]), '1 annotations have no bbox of four numbers (1.jpg)'),
        (without('file_name', of='images'), '4 images have no id or file_name'),
        (changed(of='categories', id=3), '2 categories have 1 ids'),
    ],
    ids=['image', 'category', 'image twice', 'box', 'name', 'category twice'],
)
def test_entries_that_nothing_can_be_made_of_are_named(root, file, sentence):
    assert any(sentence in error for error in look(root, file).errors)


@pytest.mark.parametrize('role', ['train', 'val', 'test'])
def test_missing_and_truncated_images_are_named_before_the_run(root, role):
    (root / 'images/2.jpg').unlink()
    path = root / 'images/3.jpg'
    path.write_bytes(path.read_bytes()[:-50])
    missing, damaged = look(root, FILE, role=role).errors
    assert f'{role}: 1 images are not there ({root}/images/2.jpg)' in missing
    assert f'1 images cannot be read ({root}/images/3.jpg, damaged or cut off)' in damaged


def test_damaged_images_that_training_replaces_are_a_warning(root):
    path = root / 'images/3.jpg'
    path.write_bytes(path.read_bytes()[:-50])
    hooks = dict(unreadable=dict(type='mmcnx2.UnreadableImagesHook', max_unreadable=0.25))
    report = look(root, FILE, hooks=hooks)
    assert report.errors == [] and 'other images take their place' in report.warnings[0]
    assert look(root, FILE, hooks=hooks, role='val').errors
    hooks['unreadable']['max_unreadable'] = 0.2
    assert look(root, FILE, hooks=hooks).errors


def test_names_with_backslashes_and_doubled_prefixes_lead_to_their_files(root):
    file = changed(of='images', file_name='images\\1.jpg')
    file['images'][1]['file_name'] = 'images/2.jpg'
    assert look(root, file).errors == []
    own = look(root, file, type='CocoDataset', metainfo=dict(classes=('wren', 'owl')))
    assert '1 file names have backslashes (images\\1.jpg)' in own.errors[0]


def test_an_image_of_another_size_than_annotated_is_told_with_both(root):
    photograph(WIDTH, HEIGHT).save(root / 'images/2.jpg')
    error = only_error(look(root, FILE))
    assert '1 images have, turned as their EXIF says, another size' in error
    assert 'images/2.jpg, 36x48 for 48x36 px' in error


def test_what_is_left_out_is_counted_with_the_reason(root):
    file = deepcopy(FILE)
    file['annotations'][0]['bbox'] = [4, 6, 0.5, 12]
    file['annotations'][1]['bbox'] = [100, 6, 10, 12]
    report = look(root, file, filter_cfg=dict(filter_empty_gt=True, min_size=32))
    assert report.errors == []
    assert report.found.endswith(
        'train has 2 images, 2 objects, 2 classes (wren, owl), left out: '
        '2 objects below 1 px or outside their image, 2 images without an object.'
    )
    assert 'has 0 images' in look(root, FILE, filter_cfg=dict(min_size=40)).found
    some = look(root, FILE, metainfo=dict(classes=('owl',)), filter_cfg=dict(filter_empty_gt=True))
    assert '2 objects of other classes, 2 images without an object' in some.found


def test_corners_instead_of_sides_are_a_warning(root):
    file = changed(bbox=[30, 20, 46, 34])
    (warning,) = look(root, file).warnings
    assert '1 boxes reach beyond their image (1.jpg): bbox is [x, y, width, height]' in warning


def test_boxes_in_shares_of_the_image_leave_nothing(root):
    file = deepcopy(FILE)
    for annotation in file['annotations']:
        annotation['bbox'] = [0.1, 0.2, 0.3, 0.4]
    assert '0 objects of 4 annotations can be used' in only_error(look(root, file))


def test_a_validation_file_without_objects_is_refused_unless_nothing_is_scored(root):
    file = FILE | dict(annotations=[])
    assert 'val: 0 objects of 0 annotations' in only_error(look(root, file, role='val'))
    unscored = look(root, file, role='test', evaluator=dict(format_only=True))
    assert unscored.errors == []


def test_classes_that_the_file_lacks_are_refused(root):
    error = only_error(look(root, FILE, type='CocoDataset'))
    assert 'has no category person, bicycle, car and 77 more' in error


def test_other_classes_than_the_checkpoints_are_refused(root):
    (root / 'file.json').write_text(json.dumps(FILE))
    dataset = dict(
        type='mmcnx2.CocoFormatDataset', data_root=str(root), ann_file='file.json',
        data_prefix=dict(img='images'),
    )  # fmt: skip
    cfg = Config(dict(default_scope='mmdet', model=MASKS))
    report = look_at_data(cfg, dict(test=dict(dataset=dataset)), classes=('owl', 'wren'))
    assert 'in another order (label 0 is wren and owl)' in only_error(report)
