"""YOLO's labels become COCO's, and what cannot is counted and named."""

import pytest
from PIL import Image

from mmcnx2.datasets.labels.yolo import find_yolo, read_yolo

YAML = 'path: {root}\ntrain: images/train\nval: images/val\nnames: {{0: cat, 1: dog}}\n'


@pytest.fixture
def root(tmp_path):
    """An image of 40 x 20 px in each part, and one without objects."""
    for name in ('train/a', 'train/b', 'val/c'):
        for folder in ('images', 'labels'):
            (tmp_path / folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (40, 20)).save(tmp_path / f'images/{name}.png')
    (tmp_path / 'labels/train/a.txt').write_text('1 0.5 0.5 0.25 0.5\n')
    (tmp_path / 'labels/val/c.txt').write_text('0 0 0 0.5 0 0.5 1 0 1\n')
    (tmp_path / 'data.yaml').write_text(YAML.format(root=tmp_path))
    return tmp_path


def test_shares_become_pixels_and_corners_become_masks(root):
    contents, images, left_out = read_yolo(find_yolo(root))
    assert images == f'{root}/images' and not left_out.reasons
    train, val = contents['train'], contents['val']
    assert [each['file_name'] for each in train['images']] == ['train/a.png', 'train/b.png']
    assert train['categories'] == [dict(id=1, name='cat'), dict(id=2, name='dog')]
    (box,) = train['annotations']
    assert (box['bbox'], box['area'], box['category_id']) == ([15, 5, 10, 10], 100, 2)
    (polygon,) = val['annotations']
    assert polygon['segmentation'] == [[0, 0, 20, 0, 20, 20, 0, 20]]
    assert (polygon['bbox'], polygon['area']) == ([0, 0, 20, 20], 400)


@pytest.mark.parametrize(
    ('row', 'reason'),
    [
        ('0 0.5 0.5', 'rows that are neither box nor polygon'),
        ('2 0.5 0.5 0.1 0.1', 'rows of a class without a name'),
        ('0 20 10 5 5', 'rows that are no shares of the image'),
        ('cat 0.5 0.5 0.1 0.1', 'rows that are no numbers'),
        ('0 0.5 0.5 0 0.1', 'objects without an area'),
        ('0 1 0.5 0.5 0.1', 'objects that end at the edge of their image'),
    ],
)
def test_what_cannot_be_converted_is_counted_and_named(row, reason, root):
    (root / 'labels/train/b.txt').write_text(f'1 0.5 0.5 0.1 0.1\n{row}\n')
    contents, _, left_out = read_yolo(root / 'data.yaml')
    assert left_out.reasons == {reason: (1, f'{root}/labels/train/b.txt:2')}
    assert f"1 {reason}, such as in '{root}/labels/train/b.txt:2'" in left_out.describe()
    assert len(contents['train']['annotations']) == (3 if 'edge' in reason else 2)


def test_lists_of_files_and_folders_beside_the_description_are_found(root):
    (root / 'some.txt').write_text('./images/train/b.png\n\nimages/gone.png\n')
    (root / 'data.yaml').write_text('train: [../some.txt, images/val]\nnames: [cat, dog]\nnc: 2\n')
    contents, _, left_out = read_yolo(root / 'data.yaml')
    names = [each['file_name'] for each in contents['train']['images']]
    assert names == ['train/b.png', 'val/c.png'] and list(contents) == ['train']
    assert left_out.reasons == {
        'images that are not there or cannot be read': (1, f'{root}/images/gone.png')
    }


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('a: [', 'cannot be read'),
        ('train: images', 'no description of YOLO'),
        ('train: images\nnames: 3', 'names of .* are 3'),
        ('train: gone\nnames: [a]', 'names no image to train on'),
    ],
)
def test_another_file_is_refused(text, said, root):
    (root / 'data.yaml').write_text(text)
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        read_yolo(root / 'data.yaml')
