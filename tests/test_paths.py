"""Paths as people write them and as logs can show them."""

from pathlib import Path

import pytest

from mmcnx2.checks import check_not_empty
from mmcnx2.paths import expand_home, is_path_key, printable, shipped


def test_a_leading_tilde_is_the_home_folder(monkeypatch):
    monkeypatch.setenv('HOME', '/home/ada')
    assert expand_home('~/pictures') == '/home/ada/pictures'
    assert expand_home('~') == '/home/ada'
    for path in ('/data/~/x', 'a~', 'https://host/~ada/x.pth', ''):
        assert expand_home(path) == path


def test_what_is_no_utf8_is_written_as_python_does():
    assert printable('caf\udce9.jpg') == r'caf\udce9.jpg'
    assert printable(Path('/bilder/größe.jpg')) == '/bilder/größe.jpg'


@pytest.mark.parametrize('path', ['', ' ', Path('').name])
def test_an_empty_path_is_refused(path):
    with pytest.raises(ValueError, match='data_root is empty, but a path is expected.*variable'):
        check_not_empty(data_root=path)


def test_other_paths_pass():
    check_not_empty(data_root='a', work_dir=None, ann_file=Path('b'))


@pytest.mark.parametrize(
    'key',
    [
        'data_root', 'work_dir', 'load_from', 'train_dataloader.dataset.data_root',
        'model.backbone.init_cfg.checkpoint', 'val_evaluator.ann_file',
        'val_dataloader.dataset.data_prefix.img', 'classes_from', 'a.seg_map_path',
    ],
)  # fmt: skip
def test_some_keys_of_a_config_hold_paths(key):
    assert is_path_key(key)


@pytest.mark.parametrize(
    'key',
    [
        'optim_wrapper.optimizer.lr', 'resume', 'default_hooks.checkpoint.interval',
        'model.backbone.arch', 'val_evaluator.metric', 'pathology', 'data_root.x',
    ],
)  # fmt: skip
def test_other_keys_do_not(key):
    assert not is_path_key(key)


def test_what_comes_with_the_package_lies_in_it_or_beside_it(tmp_path, monkeypatch):
    package = tmp_path / 'mmcnx2'
    package.mkdir()
    monkeypatch.setattr('mmcnx2.paths.__file__', str(package / 'paths.py'))
    with pytest.raises(
        FileNotFoundError, match=r"'configs' is neither in .*: install mmcnx2 again"
    ):
        shipped('configs')
    (tmp_path / 'configs').mkdir()  # a checkout
    assert shipped('configs') == tmp_path / 'configs'
    (package / '.mim/configs').mkdir(parents=True)  # an installed package
    assert shipped('configs') == package / '.mim/configs'
