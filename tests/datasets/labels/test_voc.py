"""VOC's labels become COCO's, and what cannot is counted and named."""

import pytest
from PIL import Image

from mmcnx2.datasets.labels.voc import is_voc, read_voc

OBJECT = (
    '<object><name>{}</name><difficult>{}</difficult><bndbox><xmin>{}</xmin><ymin>{}</ymin>'
    '<xmax>{}</xmax><ymax>{}</ymax></bndbox></object>'
)


def annotate(root, stem, *objects):
    for folder in ('Annotations', 'JPEGImages', 'ImageSets/Main'):
        (root / folder).mkdir(parents=True, exist_ok=True)
    Image.new('RGB', (40, 20)).save(root / f'JPEGImages/{stem}.jpg')
    rows = ''.join(OBJECT.format(*each) for each in objects)
    (root / f'Annotations/{stem}.xml').write_text(f'<annotation>{rows}</annotation>')


@pytest.fixture
def root(tmp_path):
    annotate(tmp_path, 'a', ('dog', 0, 1, 1, 40, 20), ('cat', 1, 11, 6, 20, 10))
    annotate(tmp_path, 'b')
    return tmp_path


def test_pixels_count_from_0_and_what_is_difficult_is_a_crowd(root):
    assert is_voc(root)
    contents, images, left_out = read_voc(root)
    assert images == f'{root}/JPEGImages' and not left_out.reasons
    assert list(contents) == ['train']
    train = contents['train']
    assert [each['file_name'] for each in train['images']] == ['a.jpg', 'b.jpg']
    assert [each['name'] for each in train['categories']] == ['cat', 'dog']
    boxes = [(each['bbox'], each['iscrowd'], each['category_id']) for each in train['annotations']]
    assert boxes == [([0, 0, 40, 20], 0, 2), ([10, 5, 10, 5], 1, 1)]


def test_the_lists_say_what_is_trained_on(root):
    (root / 'ImageSets/Main/train.txt').write_text('a  1\n')
    (root / 'ImageSets/Main/val.txt').write_text('b\n')
    contents, _, _ = read_voc(root)
    assert [each['file_name'] for each in contents['val']['images']] == ['b.jpg']
    assert len(contents['train']['images']) == 1


def test_what_cannot_be_converted_is_counted_and_named(root):
    annotate(root, 'c', ('dog', 0, '', 1, 2, 3))
    (root / 'Annotations/d.xml').write_text('<annotation>')
    (root / 'JPEGImages/b.jpg').write_text('no image')
    contents, _, left_out = read_voc(root)
    assert left_out.reasons == {
        'objects without a name or a box': (1, f'{root}/Annotations/c.xml'),
        'annotations that are not there or cannot be read': (1, f'{root}/Annotations/d.xml'),
        'images that are not there or cannot be read': (2, f'{root}/JPEGImages/b.jpg'),
    }
    assert [each['file_name'] for each in contents['train']['images']] == ['a.jpg', 'c.jpg']
