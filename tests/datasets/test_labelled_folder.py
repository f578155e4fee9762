"""Class folders: every format, no hidden class, and the same labels in training and validation."""

from pathlib import Path

import pytest
from PIL import Image

from mmcnx2.datasets.labelled_folder import ImageFolderLabelled
from mmcnx2.datasets.readers import READERS


def write(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new('RGB', (8, 6)).save(path)
    return root


def load(root: Path, prefix: str = 'train', **options) -> ImageFolderLabelled:
    return ImageFolderLabelled(data_root=str(root), data_prefix=prefix, **options)


def labels(data_set: ImageFolderLabelled) -> dict[str, str]:
    names = data_set.metainfo['classes']
    images = [data_set.get_data_info(i) for i in range(len(data_set))]
    return {
        str(Path(image['img_path']).relative_to(data_set.img_prefix)): names[image['gt_label']]
        for image in images
    }


def test_reads_what_pre_training_reads_in_any_case_and_depth(tmp_path):
    endings = [end for end in READERS[0].endings if end not in ('.jpe', '.avif', '.pnm')]
    files = [f'train/ash/deep/{i}{ending}' for i, ending in enumerate(endings)]
    write(tmp_path, *files, 'train/oak/A.TIFF', 'train/oak/b.Webp')
    found = labels(load(tmp_path))
    assert set(found.values()) == {'ash', 'oak'} and len(found) == len(endings) + 2
    assert found['oak/A.TIFF'] == 'oak'


def test_hidden_folders_and_files_are_no_classes_and_no_images(tmp_path):
    write(tmp_path, 'train/ash/1.png', 'train/.ipynb_checkpoints/1.png', 'train/ash/.trash/2.png')
    write(tmp_path, 'train/ash/._1.png')
    data_set = load(tmp_path)
    assert data_set.metainfo['classes'] == ('ash',)
    assert labels(data_set) == {'ash/1.png': 'ash'}


def test_validation_is_numbered_as_training_is(tmp_path):
    write(tmp_path, 'train/ash/1.png', 'train/oak/1.png', 'train/yew/1.png', 'val/yew/2.png')
    data_set = load(tmp_path, 'val', classes_from='train')
    assert data_set.metainfo['classes'] == ('ash', 'oak', 'yew')
    assert labels(data_set) == {'yew/2.png': 'yew'}
    given = load(tmp_path, 'val', classes_from='not/there', metainfo=dict(classes=('yew', 'ash')))
    assert given.get_data_info(0)['gt_label'] == 0


def test_folders_that_are_no_classes_are_refused(tmp_path):
    write(tmp_path, 'train/ash/1.png', 'train/oak/1.png', 'train/yew/1.png')
    write(tmp_path, 'val/ash/1.png', 'val/elm/1.png', 'val/oak/1.png')
    with pytest.raises(ValueError, match=r'none of the 3 classes \(ash, oak, yew\): elm; rename'):
        load(tmp_path, 'val', classes_from='train')


@pytest.mark.parametrize('name', ['train/notes.txt', 'train/ash/notes.txt'])
def test_a_folder_without_images_is_refused(tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.touch()
    with pytest.raises(FileNotFoundError, match='class folders and no image in them: expected'):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"val' does not exist: it is to hold one folder"):
        load(tmp_path, 'val')


def test_lists_of_files_are_read_as_mmpretrain_reads_them(tmp_path):
    write(tmp_path, 'train/1.png', 'train/2.png')
    (tmp_path / 'train.txt').write_text('1.png 1\n2.png 0\n')
    data_set = load(tmp_path, ann_file='train.txt', metainfo=dict(classes=('ash', 'oak')))
    assert labels(data_set) == {'1.png': 'oak', '2.png': 'ash'}
    unlabelled = load(tmp_path, with_label=False)
    assert len(unlabelled) == 2 and 'gt_label' not in unlabelled.get_data_info(0)


def test_an_empty_path_is_refused():
    with pytest.raises(ValueError, match='data_root is empty, but a path is expected'):
        ImageFolderLabelled()


def test_a_folder_is_not_looked_through_over_http():
    with pytest.raises(ValueError, match='is an address, .* download it or mount it'):
        ImageFolderLabelled(data_root='https://host/images', pipeline=[])


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    with pytest.raises(FileNotFoundError, match=f"'{tmp_path}/images/train' does not exist"):
        ImageFolderLabelled('~/images', 'train')
