"""The rendered data set: what is on disk, and that the toolboxes read it as it was meant."""

import json

import cv2
import numpy as np
import pytest
from demo.scenes import (
    OBJECT_CLASSES,
    SEGMENTATION_CLASSES,
    STUFF_CLASSES,
    SceneSettings,
    build,
    coco,
    compose,
    is_complete,
)
from demo.scenes.files import expected_files

SETTINGS = SceneSettings(seed=7, size=64, unlabelled=9, train=20, val=10)


def files(root):
    """All files under a folder, by their relative paths."""
    return {str(path.relative_to(root)): path for path in root.rglob('*') if path.is_file()}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('scenes')
    assert build(folder, SETTINGS, workers=2, progress=False)
    return folder


def scenes(count, *, size=64):
    return [
        compose(np.random.default_rng([3, index]), size=size, classes=10, label=index % 10)
        for index in range(count)
    ]


# Files -----------------------------------------------------------------------------------------


def test_it_holds_the_files_it_should_and_no_others(root):
    assert set(files(root)) == {*expected_files(SETTINGS), 'meta.json'}
    assert len(list((root / 'unlabelled').rglob('*.png'))) == 2
    assert len(list((root / 'unlabelled').rglob('*.jpg'))) == 7
    for folder, count in {
        'imagenet/train': 20,
        'imagenet/val': 10,
        'coco/train': 20,
        'coco/val': 10,
        'ade/images/training': 20,
        'ade/annotations/validation': 10,
    }.items():
        found = sum(path.is_file() for path in (root / folder).rglob('*'))
        assert found == count, f'{folder} holds {found} files, not {count}'


def test_every_picture_has_the_size_asked_for(root):
    for name, path in files(root).items():
        if path.suffix != '.json':
            assert cv2.imread(str(path)).shape == (64, 64, 3), name


def test_meta_names_the_seed_the_version_and_the_classes(root):
    meta = json.loads((root / 'meta.json').read_text())
    assert meta['settings']['seed'] == 7
    assert meta['version'] >= 1 and meta['complete'] is True
    assert meta['segmentation_classes'] == list(SEGMENTATION_CLASSES)


def test_a_labelled_scene_is_the_same_picture_in_all_three_layouts(root):
    first = (root / 'imagenet/train/fish/fish_000001.JPEG').read_bytes()
    assert (root / 'coco/train/000001.jpg').read_bytes() == first
    assert (root / 'ade/images/training/000001.jpg').read_bytes() == first


# Same settings, same bytes ---------------------------------------------------------------------


def test_one_worker_and_two_write_the_same_bytes(root, tmp_path):
    build(tmp_path, SETTINGS, workers=1, progress=False)
    theirs = files(tmp_path)
    for name, path in files(root).items():
        assert path.read_bytes() == theirs[name].read_bytes(), f'{name} depends on the workers'


def test_more_pictures_leave_the_first_ones_as_they_are(root, tmp_path):
    build(
        tmp_path,
        SceneSettings(seed=7, size=64, unlabelled=12, train=0, val=0),
        workers=1,
        progress=False,
    )
    name = 'unlabelled/site_00/visit_0/000003.png'
    assert (root / name).read_bytes() == (tmp_path / name).read_bytes()


def test_another_seed_gives_other_pictures(root, tmp_path):
    build(
        tmp_path,
        SceneSettings(seed=8, size=64, unlabelled=4, train=0, val=0),
        workers=1,
        progress=False,
    )
    name = 'unlabelled/site_00/visit_0/000003.png'
    assert (root / name).read_bytes() != (tmp_path / name).read_bytes()


# Building again --------------------------------------------------------------------------------

TINY = SceneSettings(size=32, unlabelled=2, train=2, val=0, classes=2)


def test_a_complete_folder_is_left_alone(tmp_path):
    assert build(tmp_path, TINY, workers=1, progress=False)
    written = {name: path.stat().st_mtime_ns for name, path in files(tmp_path).items()}
    assert not build(tmp_path, TINY, workers=1, progress=False)
    assert {name: path.stat().st_mtime_ns for name, path in files(tmp_path).items()} == written


def test_an_incomplete_folder_is_completed(tmp_path):
    build(tmp_path, TINY, workers=1, progress=False)
    (tmp_path / 'coco/train/000001.jpg').unlink()
    (tmp_path / 'coco/train/mine.jpg').write_bytes(b'holiday')
    assert not is_complete(tmp_path, TINY)
    assert build(tmp_path, TINY, workers=1, progress=False)
    assert is_complete(tmp_path, TINY)
    assert (tmp_path / 'coco/train/mine.jpg').read_bytes() == b'holiday'


def test_a_folder_of_other_settings_is_moved_aside_with_all_it_holds(tmp_path):
    root = tmp_path / 'scenes'
    build(root, TINY, workers=1, progress=False)
    (root / 'imagenet/train/mine').mkdir()
    (root / 'imagenet/train/mine/a.jpg').write_bytes(b'holiday')
    fewer = SceneSettings(size=32, unlabelled=1, train=2, val=0, classes=2)
    assert build(root, fewer, workers=1, progress=False)
    assert set(files(root)) == {*expected_files(fewer), 'meta.json'}
    kept = set(files(tmp_path / 'scenes.old-1'))
    assert kept == {*expected_files(TINY), 'meta.json', 'imagenet/train/mine/a.jpg'}


def test_a_folder_with_somebody_elses_files_is_refused(tmp_path):
    (tmp_path / 'unlabelled').mkdir()
    (tmp_path / 'unlabelled/mine.jpg').write_bytes(b'holiday')
    with pytest.raises(FileExistsError, match='not empty'):
        build(tmp_path, TINY, workers=1, progress=False)
    assert (tmp_path / 'unlabelled/mine.jpg').read_bytes() == b'holiday'


@pytest.mark.parametrize(
    'wrong',
    [
        dict(seed=-1),
        dict(size=8),
        dict(classes=11),
        dict(classes=1),
        dict(unlabelled=-1),
        dict(train=9),
    ],
    ids=str,
)
def test_impossible_settings_are_refused_by_name(wrong):
    name, value = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f'{name} is {value}'):
        SceneSettings(**wrong)


# What the scenes are ---------------------------------------------------------------------------


def test_the_main_object_is_annotated_and_the_largest_of_its_scene():
    largest = []
    for scene in scenes(30):
        assert scene.label in [instance.label for instance in scene.instances]
        largest.append(max(scene.instances, key=lambda i: i.mask.sum()).label == scene.label)
    assert np.mean(largest) > 0.9


def test_instances_do_not_overlap_and_agree_with_the_semantic_mask():
    for scene in scenes(20):
        shared = np.sum([instance.mask for instance in scene.instances], axis=0)
        assert shared.max() == 1
        for instance in scene.instances:
            assert (scene.semantic[instance.mask] == instance.label + 1).all()
        objects = (scene.semantic >= 1) & (scene.semantic <= len(OBJECT_CLASSES))
        assert (objects == (shared == 1)).all()


def test_color_does_not_tell_the_class():
    """The mean colors of the classes lie no further apart than chance puts them."""
    found = [
        (scene.label, scene.image[instance.mask].mean(axis=0))
        for scene in scenes(150, size=32)
        for instance in scene.instances
        if instance.label == scene.label
    ]
    labels, colors = np.array([f[0] for f in found]), np.array([f[1] for f in found])
    spread = colors.std(axis=0)
    for label, name in enumerate(OBJECT_CLASSES):
        of_class = colors[labels == label]
        chance = spread / np.sqrt(len(of_class))
        assert (np.abs(of_class.mean(axis=0) - colors.mean(axis=0)) < 4 * chance).all(), name


def test_every_material_and_object_class_occurs():
    values = set(np.unique([scene.semantic for scene in scenes(40)]))
    assert values == set(range(len(OBJECT_CLASSES) + len(STUFF_CLASSES) + 1))


# COCO ------------------------------------------------------------------------------------------


def test_run_lengths_of_a_hand_made_mask():
    mask = np.array([[1, 0, 0], [1, 1, 0]], bool)
    assert coco.run_lengths(mask) == dict(size=[2, 3], counts=[0, 2, 1, 1, 2])


def test_pycocotools_draws_the_masks_that_were_rendered(root):
    tools = pytest.importorskip('pycocotools.coco')
    data = tools.COCO(str(root / 'coco/annotations/instances_train.json'))
    kinds = set()
    for entry in data.loadAnns(data.getAnnIds()):
        kinds.add(type(entry['segmentation']))
        mask = data.annToMask(entry).astype(bool)
        name = data.loadImgs(entry['image_id'])[0]['file_name'].replace('jpg', 'png')
        semantic = cv2.imread(str(root / 'ade/annotations/training' / name), cv2.IMREAD_GRAYSCALE)
        case = f'annotation {entry["id"]} in {name}'
        assert (semantic[mask] == entry['category_id']).mean() > 0.98, case
        assert abs(mask.sum() - entry['area']) <= 0.03 * entry['area'], case
        x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
        assert (
            np.abs(
                np.subtract(
                    [x, y, x + width, y + height],
                    [
                        entry['bbox'][0],
                        entry['bbox'][1],
                        entry['bbox'][0] + entry['bbox'][2],
                        entry['bbox'][1] + entry['bbox'][3],
                    ],
                )
            ).max()
            <= 1
        ), case
    assert kinds == {list, dict}, 'both polygons and run lengths should occur'


# The toolboxes' own readers --------------------------------------------------------------------


@pytest.mark.parametrize('kind', ['CustomDataset', 'ImageNet'])
def test_mmpretrain_reads_the_class_folders(root, kind):
    datasets = pytest.importorskip('mmpretrain.datasets')
    extra = (
        dict(split='train', metainfo=dict(classes=OBJECT_CLASSES))
        if kind == 'ImageNet'
        else (dict(data_prefix='train'))
    )
    data = getattr(datasets, kind)(data_root=str(root / 'imagenet'), **extra)
    assert len(data) == 20
    assert tuple(data.metainfo['classes']) == OBJECT_CLASSES
    for entry in map(data.get_data_info, range(20)):
        assert f'/{OBJECT_CLASSES[entry["gt_label"]]}/' in entry['img_path']


def test_mmpretrain_reads_the_unlabelled_folders(root):
    datasets = pytest.importorskip('mmpretrain.datasets')
    data = datasets.CustomDataset(data_root=str(root), data_prefix='unlabelled', with_label=False)
    assert len(data) == 9


def test_mmdet_reads_boxes_and_masks(root):
    datasets = pytest.importorskip('mmdet.datasets')
    from mmdet.datasets.transforms import LoadAnnotations

    data = datasets.CocoDataset(
        data_root=str(root / 'coco'),
        ann_file='annotations/instances_val.json',
        data_prefix=dict(img='val/'),
        metainfo=dict(classes=OBJECT_CLASSES),
    )
    assert len(data) == 10
    load = LoadAnnotations(with_bbox=True, with_mask=True)
    for index in range(10):
        entry = data.get_data_info(index)
        loaded = load({**entry, 'ori_shape': (entry['height'], entry['width'])})
        masks = loaded['gt_masks'].masks
        boxes = loaded['gt_bboxes'].tensor.numpy()
        assert len(masks) == len(boxes) == len(loaded['gt_bboxes_labels']) > 0
        assert index % 10 in loaded['gt_bboxes_labels']
        for box, mask in zip(boxes, masks, strict=True):
            x, y, width, height = cv2.boundingRect(mask)
            assert np.abs(box - (x, y, x + width, y + height)).max() <= 1, loaded['img_path']


def test_mmseg_reads_the_masks(root):
    datasets = pytest.importorskip('mmseg.datasets')
    from mmseg.datasets.transforms import LoadAnnotations

    data = datasets.BaseSegDataset(
        data_root=str(root / 'ade'),
        img_suffix='.jpg',
        seg_map_suffix='.png',
        reduce_zero_label=True,
        metainfo=dict(classes=SEGMENTATION_CLASSES),
        data_prefix=dict(img_path='images/validation', seg_map_path='annotations/validation'),
    )
    assert len(data) == 10
    load = LoadAnnotations()
    for index in range(10):
        entry = data.get_data_info(index)
        values = set(np.unique(load(entry)['gt_seg_map']))
        assert index % 10 in values, f'{entry["img_path"]} lacks its main object'
        assert values <= {*range(len(SEGMENTATION_CLASSES)), 255}
