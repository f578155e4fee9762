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
        ('masks/near/b.png', r"near/b.jpg' has no mask '.*near/b.png'"),
        ('images/**/*.jpg', "has no images that end in '.jpg'"),
    ],
)
def test_what_is_missing_is_named(root, lost, sentence):
    for path in [*root.glob(lost)]:
        path.unlink()
    with pytest.raises(FileNotFoundError, match=sentence):
        load(root)
