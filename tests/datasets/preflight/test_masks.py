"""Masks that mean something else than training would take them for, each said in a sentence."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from PIL import Image, TiffImagePlugin

import mmcnx2.datasets.mask_folder  # noqa: F401  (registers it; answers operators before mmseg)
from mmcnx2.datasets.preflight import Report, look_at_data
from tests.support.pictures import photograph

HEIGHT, WIDTH = 6, 8
ALL = np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH) % 3


def write(root: Path, name: str, mask: np.ndarray, *, image: str = '.jpg', ending: str = '.png'):
    """Write an image of 8x6 px and its mask."""
    for folder in ('images', 'masks'):
        (root / folder).mkdir(exist_ok=True)
    photograph(HEIGHT, WIDTH).save(root / f'images/{name}{image}')
    Image.fromarray(mask).save(root / f'masks/{name}{ending}')


def look(root: Path, *, role: str = 'train', classes: tuple = ('sky', 'road', 'car'), **options):
    dataset = dict(
        type='mmcnx2.MaskFolderDataset',
        data_root=str(root),
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        metainfo=dict(classes=classes),
        pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')],
    )
    loader = dict(batch_size=2, dataset={**dataset, **options})
    return look_at_data(Config(dict(default_scope='mmseg', model={})), {role: loader})


def only_error(report: Report) -> str:
    (error,) = report.errors
    return error


def test_sound_data_are_summed_up_in_one_line(tmp_path):
    for name in 'ab':
        write(tmp_path, name, ALL)
    report = look(tmp_path)
    assert (report.errors, report.warnings) == ([], [])
    assert report.found == 'data: train has 2 images, 2 masks, 3 classes (sky, road, car).'


def test_a_geotiffs_unknown_tags_are_not_written_out(tmp_path, capfd):
    write(tmp_path, 'a', ALL)
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[33550], tags.tagtype[33550] = (1.0, 1.0, 0.0), 12
    (tmp_path / 'masks/a.png').unlink()
    Image.fromarray(ALL).save(tmp_path / 'masks/a.tif', tiffinfo=tags)
    read = dict(type='LoadAnnotations', imdecode_backend='cv2')
    assert look(tmp_path, pipeline=[dict(type='LoadImageFromFile'), read]).errors == []
    assert 'tag 33550' not in capfd.readouterr().err


def test_0_and_255_for_two_classes_asks_whether_255_is_the_foreground(tmp_path):
    for name in 'ab':
        write(tmp_path, name, np.where(ALL > 0, 255, 0).astype(np.uint8))
    error = only_error(look(tmp_path, classes=('background', 'cell')))
    assert error.startswith('train: 1 class alone, background, is in the 2 masks')
    assert 'whose pixels are 0 and 255: is 255 your foreground? It is not trained on' in error


def test_classes_that_count_from_1_are_told_of_reduce_zero_label(tmp_path):
    for name in 'abcde':
        write(tmp_path, name, ALL + 1)
    error = only_error(look(tmp_path))
    assert 'train: 5 masks hold 3, but 3 classes are numbered 0 to 2' in error
    assert f'({tmp_path}/masks/a.png, {tmp_path}/masks/b.png, {tmp_path}/masks/c.png and 2' in error
    assert 'set reduce_zero_label=True in the data sets and in LoadAnnotations' in error
    reduced = look(
        tmp_path,
        reduce_zero_label=True,
        pipeline=[dict(type='LoadAnnotations', reduce_zero_label=True)],
    )
    assert reduced.errors == []


@pytest.mark.parametrize('role', ['train', 'val', 'test'])
def test_numbers_beyond_the_classes_are_named(tmp_path, role):
    write(tmp_path, 'a', np.where(ALL == 1, 7, ALL).astype(np.uint8))
    assert f'{role}: 1 masks hold 7, but 3 classes' in only_error(look(tmp_path, role=role))


def test_16_bit_numbers_above_255_would_wrap(tmp_path):
    write(tmp_path, 'a', ALL.astype(np.uint16) * 500)
    write(tmp_path, 'b', ALL.astype(np.uint16))
    error = only_error(look(tmp_path))
    assert '1 masks hold numbers that are no whole ones from 0 to 255' in error
    assert '(1000 becomes 232)' in error and 'a.png' in error and 'b.png' not in error


@pytest.mark.parametrize(
    ('channels', 'colored', 'mend'),
    [(3, False, 'getchannel(0)'), (3, True, "each color's class"), (4, True, "each color's class")],
)
def test_masks_of_several_channels_are_told_how_to_become_one(tmp_path, channels, colored, mend):
    layers = np.stack([ALL + i * colored for i in range(channels)], -1).astype(np.uint8)
    write(tmp_path, 'a', layers)
    error = only_error(look(tmp_path))
    assert f'1 masks have {channels} channels, but one of class numbers is expected' in error
    assert mend in error


def test_palette_and_bilevel_masks_count_by_their_indices(tmp_path):
    write(tmp_path, 'a', ALL)
    mask = Image.fromarray(ALL).convert('P')
    mask.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    mask.putdata(ALL.ravel().tolist())
    mask.save(tmp_path / 'masks/a.png')
    write(tmp_path, 'b', ALL > 0)
    assert look(tmp_path).errors == []


def test_another_size_than_the_images_is_told_with_both(tmp_path):
    write(tmp_path, 'a', ALL)
    write(tmp_path, 'b', ALL.repeat(2, 0))
    error = only_error(look(tmp_path, role='val'))
    assert 'val: 1 masks have another size than their image' in error
    assert 'masks/b.png, 8x12 for 8x6 px' in error


def test_an_image_that_exif_turns_has_the_size_that_it_is_loaded_with(tmp_path):
    write(tmp_path, 'a', ALL)
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph(HEIGHT, WIDTH).save(tmp_path / 'images/a.jpg', exif=exif)
    assert 'masks/a.png, 8x6 for 6x8 px' in only_error(look(tmp_path))


@pytest.mark.parametrize('role', ['train', 'val'])
def test_masks_without_any_class_are_no_labels(tmp_path, role):
    write(tmp_path, 'a', np.full((HEIGHT, WIDTH), 255, np.uint8))
    error = only_error(look(tmp_path, role=role))
    assert f'{role}: 0 pixels of 1 masks belong to a class, as all of them are 255' in error


def test_damaged_files_are_named_with_the_reason(tmp_path):
    for name in 'abc':
        write(tmp_path, name, ALL)
    for file in ('images/a.jpg', 'masks/b.png'):
        (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:-60])
    images, masks = look(tmp_path).errors
    assert '1 images cannot be read' in images and 'images/a.jpg, damaged or cut off' in images
    assert '1 masks cannot be read' in masks and 'masks/b.png' in masks


def test_a_class_in_no_training_mask_is_a_warning(tmp_path):
    write(tmp_path, 'a', np.minimum(ALL, 1))
    report = look(tmp_path)
    assert report.errors == []
    assert report.warnings == ['train: 1 classes are in no mask (car): they will not be learnt.']
    assert look(tmp_path, role='val').warnings == []


def test_endings_that_mmsegs_own_data_set_does_not_read_are_said(tmp_path):
    write(tmp_path, 'a', ALL)
    write(tmp_path, 'b', ALL, image='.JPG')
    write(tmp_path, 'c', ALL, image='.jpeg')
    (tmp_path / 'images/notes.txt').write_text('')
    own = look(tmp_path)
    assert own.warnings == []
    assert own.found.endswith('train has 3 images, 3 masks, 3 classes (sky, road, car), '
                              'left out: 1 .txt files.')  # fmt: skip
    report = look(tmp_path, type='BaseSegDataset')
    (warning,) = report.warnings
    assert '2 images are left out (' in warning and 'names that end in .jpg are used' in warning
    for count in ('1 .JPG files', '1 .jpeg files', '1 .txt files', '2 masks without an image'):
        assert count in report.found


def test_images_without_masks_are_all_named_whatever_the_data_set(tmp_path):
    for name in 'abcd':
        write(tmp_path, name, ALL)
        (tmp_path / f'masks/{name}.png').unlink()
    error = only_error(look(tmp_path, type='BaseSegDataset'))
    assert '4 images have no mask' in error and 'images/c.jpg and 1 more' in error
    error = only_error(look(tmp_path))
    assert 'images/c.jpg and 1 more: no mask of that name below' in error


def test_jpeg_masks_are_told_what_jpeg_does(tmp_path):
    write(tmp_path, 'a', ALL * 100, ending='.jpg')
    error = only_error(look(tmp_path, seg_map_suffix='.jpg'))
    assert 'as PNG files, since JPEG changes numbers' in error


def test_several_data_sets_in_wrappers_count_together(tmp_path):
    for part in ('one', 'two'):
        (tmp_path / part).mkdir()
        write(tmp_path / part, 'a', ALL)
    leaf = dict(
        type='mmcnx2.MaskFolderDataset',
        data_prefix=dict(img_path='images', seg_map_path='masks'),
        metainfo=dict(classes=('x', 'y', 'z')),
        pipeline=[dict(type='LoadAnnotations')],
    )
    parts = [dict(leaf, data_root=str(tmp_path / part)) for part in ('one', 'two')]
    both = dict(type='RepeatDataset', times=5, dataset=dict(type='ConcatDataset', datasets=parts))
    report = look_at_data(
        Config(dict(default_scope='mmseg', model={})), dict(train=dict(batch_size=2, dataset=both))
    )
    assert report.found == 'data: train has 2 images, 2 masks, 3 classes (x, y, z).'


def test_images_and_masks_may_lie_in_one_folder(tmp_path):
    write(tmp_path, 'a', ALL)
    (tmp_path / 'masks/a.png').rename(tmp_path / 'images/a_labels.png')
    (tmp_path / 'images/b_labels.png').write_bytes((tmp_path / 'images/a_labels.png').read_bytes())
    report = look(
        tmp_path,
        type='BaseSegDataset',
        data_prefix=dict(img_path='images', seg_map_path='images'),
        seg_map_suffix='_labels.png',
    )
    assert report.errors == []
    assert '1 images are left out (b_labels.png)' in report.warnings[0]
    assert '1 masks without an image' in report.found
