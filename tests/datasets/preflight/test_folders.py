"""Class folders: what is no class, what is not read, and folders that do not match."""

from pathlib import Path

import pytest
from mmengine.config import Config

import mmcnx2.datasets.labelled_folder  # noqa: F401  (registers it)
from mmcnx2.datasets.preflight import Report, look_at_data
from tests.support.pictures import photograph

PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]


def write(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        photograph(6, 8).save(path)
    return root


def look(root: Path, *, type: str = 'CustomDataset', classes=None, **roles: dict) -> Report:
    loaders = {
        role: dict(
            batch_size=2,
            dataset=dict(
                dict(type=type, data_root=str(root), data_prefix=role, pipeline=PIPELINE), **options
            ),
        )
        for role, options in roles.items()
    }
    cfg = Config(dict(default_scope='mmpretrain', model={}))
    return look_at_data(cfg, loaders, classes=classes)


def only_error(report: Report) -> str:
    (error,) = report.errors
    return error


def test_sound_data_are_summed_up_in_one_line(tmp_path):
    write(tmp_path, 'train/ash/1.jpg', 'train/oak/2.jpg', 'val/ash/3.jpg', 'val/oak/4.jpg')
    report = look(tmp_path, train={}, val={})
    assert (report.errors, report.warnings) == ([], [])
    assert report.found == (
        'data: train has 2 images, 2 labels, 2 classes (ash, oak); '
        'val has 2 images, 2 labels, 2 classes (ash, oak).'
    )


def test_folders_that_do_not_match_are_refused_in_training_and_in_tests(tmp_path):
    write(tmp_path, *(f'train/{name}/1.jpg' for name in ('ash', 'oak', 'yew')))
    for role in ('val', 'test'):
        write(tmp_path, *(f'{role}/{name}/1.jpg' for name in ('ash', 'elm', 'oak')))
    error = only_error(look(tmp_path, train={}, val={}))
    assert error.startswith(
        'val: val data have 3 classes, training data 3, and one side alone has elm, yew: give both'
    )
    error = only_error(look(tmp_path, test={}, classes=('ash', 'oak', 'yew')))
    assert 'test data have 3 classes, the checkpoint 3, and one side alone has elm, yew' in error
    own = 'mmcnx2.ImageFolderLabelled'
    error = only_error(look(tmp_path, type=own, train={}, val=dict(classes_from='train')))
    assert 'none of the 3 classes (ash, oak, yew): elm' in error


def test_hidden_folders_are_no_classes(tmp_path):
    write(tmp_path, 'train/ash/1.jpg', 'train/oak/1.jpg', 'train/.ipynb_checkpoints/1.jpg')
    error = only_error(look(tmp_path, train={}))
    assert '1 hidden folders count as classes (.ipynb_checkpoints)' in error
    assert look(tmp_path, type='mmcnx2.ImageFolderLabelled', train={}).errors == []


def test_formats_that_are_not_read_are_counted_by_ending(tmp_path):
    write(tmp_path, 'train/ash/1.jpg', 'train/ash/2.webp', 'train/oak/3.tiff', 'train/oak/4.gif')
    write(tmp_path, 'train/5.jpg')
    (tmp_path / 'train/ash/camera.cr2').touch()
    empty, warning = look(tmp_path, train={}).warnings
    assert 'train: 4 images are left out' in warning
    assert 'or take mmcnx2.ImageFolderLabelled, which reads all formats' in warning
    assert '1 classes have no image (oak)' in empty
    own = look(tmp_path, type='mmcnx2.ImageFolderLabelled', train={})
    assert '1 images are left out (5.jpg)' in own.warnings[0] and len(own.warnings) == 1
    assert 'has 4 images, 4 labels, 2 classes (ash, oak), left out: ' in own.found
    assert '1 .jpg files' in own.found and '1 .cr2 files' in own.found


def test_damaged_images_are_named_without_being_decoded(tmp_path):
    write(tmp_path, 'train/ash/1.jpg', 'train/ash/2.webp')
    (tmp_path / 'train/ash/1.jpg').write_bytes(b'')
    path = tmp_path / 'train/ash/2.webp'
    path.write_bytes(path.read_bytes()[:-9])
    error = only_error(look(tmp_path, type='mmcnx2.ImageFolderLabelled', train={}))
    assert '2 images cannot be read' in error
    assert '1.jpg, empty' in error and '2.webp, damaged or cut off' in error


def test_images_of_a_list_that_are_not_there_are_all_named(tmp_path):
    write(tmp_path, 'train/1.jpg')
    (tmp_path / 'list.txt').write_text(''.join(f'{i}.jpg 0\n' for i in range(1, 7)))
    error = only_error(look(tmp_path, train=dict(ann_file='list.txt')))
    assert '5 images are not there' in error and '4.jpg and 2 more' in error


@pytest.mark.parametrize('role', ['val', 'test'])
def test_scores_need_labels(tmp_path, role):
    write(tmp_path, f'{role}/1.jpg')
    error = only_error(look(tmp_path, **{role: dict(with_label=False)}))
    assert f'{role}: 1 images have no label' in error


@pytest.mark.parametrize('type', ['CustomDataset', 'mmcnx2.ImageFolderLabelled'])
def test_an_empty_set_is_refused(tmp_path, type):
    (tmp_path / 'train/ash').mkdir(parents=True)
    assert 'train: ' in only_error(look(tmp_path, type=type, train={}))
