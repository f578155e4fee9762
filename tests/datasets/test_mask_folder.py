"""Own images and masks: names from a list, and every image with its mask."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import mmcnx2  # noqa: F401  (answers mmcv's operators before mmseg is imported)
from mmcnx2.datasets.mask_folder import MaskFolderDataset

MASK = np.array([[0, 1, 255], [2, 2, 0]], np.uint8)


@pytest.fixture
def root(tmp_path) -> Path:
    (tmp_path / 'classes.txt').write_text('field\nroad\n\nwater \n', encoding='utf-8')
    for name in ('a', 'near/b'):
        for folder, suffix, pixels in (('images', '.jpg', MASK), ('masks', '.png', MASK)):
            path = tmp_path / folder / f'{name}{suffix}'
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), pixels)
    return tmp_path


def load(root: Path, **options) -> MaskFolderDataset:
    return MaskFolderDataset(
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        pipeline=[dict(type='mmseg.LoadAnnotations')],
        **options,
    )


def test_names_come_from_the_list_and_masks_as_they_are(root):
    data_set = load(root)
    assert data_set.metainfo['classes'] == ('field', 'road', 'water')
    assert len(data_set.metainfo['palette']) == 3
    found = {Path(sample['img_path']).name: sample['gt_seg_map'] for sample in data_set}
    assert found.keys() == {'a.jpg', 'b.jpg'}
    for name, mask in found.items():
        assert np.array_equal(mask, MASK), name


def test_names_given_need_no_list(root):
    (root / 'classes.txt').unlink()
    assert load(root, metainfo=dict(classes=('x', 'y', 'z'))).metainfo['classes'] == ('x', 'y', 'z')


@pytest.mark.parametrize(
    ('lost', 'sentence'),
    [
        ('classes.txt', 'write the class names to it, one a line'),
        ('masks/near/b.png', "near/b.jpg: no mask of that name below '.*masks' ends in .png"),
        ('images/**/*.jpg', 'has no images that end in .jpg, .jpeg, '),
    ],
)
def test_what_is_missing_is_named(root, lost, sentence):
    for path in [*root.glob(lost)]:
        path.unlink()
    with pytest.raises(FileNotFoundError, match=sentence):
        load(root)


@pytest.mark.parametrize('ending', ['.JPG', '.jpeg', '.Png', '.webp', '.tiff'])
def test_images_of_any_format_in_any_case_are_read(root, ending):
    for path in [*(root / 'images').rglob('*.jpg')]:
        image = cv2.imencode(ending.lower(), cv2.imread(str(path)))[1]
        path.with_suffix(ending).write_bytes(image)
        path.unlink()
    assert [Path(sample['img_path']).name for sample in load(root)] == [f'a{ending}', f'b{ending}']


def test_endings_that_are_given_may_be_more_than_the_format(root):
    for path in [*(root / 'masks').rglob('*.png')]:
        path.rename(path.with_name(f'{path.stem}_labels.PNG'))
    found = load(root, img_suffix=['.jpg', '.png'], seg_map_suffix='_labels.png')
    assert [Path(sample['seg_map_path']).name for sample in found] == [
        'a_labels.PNG',
        'b_labels.PNG',
    ]


def test_two_files_of_one_name_are_refused(root):
    (root / 'images/a.png').write_bytes((root / 'images/a.jpg').read_bytes())
    with pytest.raises(ValueError, match=r"a\.\w+' and '.*a\.\w+' have the same name but for"):
        load(root)
    assert len(load(root, img_suffix='.jpg')) == 2


def test_hidden_files_are_left_out(root):
    (root / 'images/._a.jpg').touch()
    (root / 'images/.ipynb_checkpoints').mkdir()
    (root / 'images/.ipynb_checkpoints/a.jpg').touch()
    assert len(load(root)) == 2


def test_a_list_of_names_chooses_the_images(root):
    (root / 'some.txt').write_text('near/b\n')
    (sample,) = load(root, ann_file='some.txt')
    assert sample['img_path'].endswith('images/near/b.jpg')
    (root / 'some.txt').write_text('near/b\nfar/c\n')
    with pytest.raises(FileNotFoundError, match='far/c: no image of that name below'):
        load(root, ann_file='some.txt')


def test_nothing_is_opened_before_it_is_asked_for(root):
    names = (root / 'classes.txt').rename(root / 'elsewhere.txt')
    data_set = load(root, lazy_init=True, test_mode=True)
    assert 'classes' not in data_set.metainfo and data_set.test_mode
    names.with_name('elsewhere.txt').rename(root / 'classes.txt')
    assert len(data_set) == 2
    assert data_set.metainfo['classes'] == ('field', 'road', 'water')
    assert len(data_set.metainfo['palette']) == 3


def test_an_empty_path_is_refused():
    with pytest.raises(ValueError, match='data_root is empty, but a path is expected'):
        MaskFolderDataset(data_root='', data_prefix=dict(img_path='images', seg_map_path='masks'))


def test_a_folder_is_not_looked_through_over_http():
    with pytest.raises(ValueError, match='is an address, .* download it or mount it'):
        MaskFolderDataset(data_root='https://host/images', data_prefix=dict(img_path='a'))


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"'{tmp_path}/masks/classes.txt' does not exist"):
        MaskFolderDataset(data_root='~/masks', data_prefix=dict(img_path='a', seg_map_path='b'))
