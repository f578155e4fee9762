"""Annotations are found in the folders that people and programs make."""

import json
from pathlib import Path

import pytest

from mmcnx2.apis.recipes.coco_folders import find_coco


def lay(root: Path, **files: str) -> None:
    """Make annotation files, each with one image in a folder."""
    for path, image in files.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        contents = dict(
            images=[dict(id=1, file_name=Path(image).name, width=4, height=4)],
            categories=[dict(id=1, name='a')],
            annotations=[],
        )
        file.write_text(json.dumps(contents))
        (root / image).parent.mkdir(parents=True, exist_ok=True)
        (root / image).touch()


LAYOUTS = {
    'ours': {'annotations/train.json': 'train/a.jpg', 'annotations/val.json': 'val/b.jpg'},
    'COCO': {
        'annotations/instances_train2017.json': 'train2017/a.jpg',
        'annotations/instances_val2017.json': 'val2017/b.jpg',
    },
    'beside the images': {
        'train/_annotations.coco.json': 'train/a.jpg',
        'valid/_annotations.coco.json': 'valid/b.jpg',
    },
    'one folder of images': {'train.json': 'images/a.jpg', 'val.json': 'images/b.jpg'},
    'one file': {'annotations.json': 'a.jpg'},
    'one file in a folder': {'annotations/all.json': 'images/a.jpg'},
}


@pytest.mark.parametrize('layout', LAYOUTS)
def test_the_usual_layouts_are_known(layout, tmp_path):
    lay(tmp_path, **LAYOUTS[layout])
    found = find_coco(str(tmp_path))
    expected = dict(zip(('train', 'val'), LAYOUTS[layout].items(), strict=False))
    assert list(found) == list(expected)
    for part, (file, image) in expected.items():
        assert found[part].file == str(tmp_path / file)
        assert found[part].images == str((tmp_path / image).parent)


def test_what_cannot_be_told_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match='holds no annotations: a .json in COCO'):
        find_coco(str(tmp_path))
    lay(tmp_path, **{'a.json': 'a.jpg', 'b.json': 'b.jpg'})
    with pytest.raises(ValueError, match=r'which file of .* for train cannot be told \(a.json, b'):
        find_coco(str(tmp_path))
    with pytest.raises(FileNotFoundError, match="folder 'nowhere' does not exist"):
        find_coco('nowhere')


def test_images_that_are_not_there_are_said(tmp_path):
    lay(tmp_path, **{'train.json': 'train/a.jpg'})
    (tmp_path / 'train/a.jpg').unlink()
    with pytest.raises(FileNotFoundError, match="names images such as 'a.jpg', which are in none"):
        find_coco(str(tmp_path))
