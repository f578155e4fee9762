"""A config inherits ours by the package's name, wherever it lies, and keeps their scope."""

import pytest
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from mmcnx2.compat.own_configs import own_config
from tests.support.configs import CONFIGS

NAME = 'fcmae/fcmae_convnextv2-atto_1xb64-100e_folder'


@pytest.fixture
def read(tmp_path):
    """Read a config of these lines."""

    def read(*lines: str) -> Config:
        (tmp_path / 'own.py').write_text('\n'.join(lines))
        return Config.fromfile(tmp_path / 'own.py')

    return read


@pytest.mark.parametrize('ending', ['.py', ''])
def test_it_is_the_config_of_that_name(ending, read):
    cfg = read(f"_base_ = 'mmcnx2::{NAME}{ending}'", "data_root = 'elsewhere'")
    expected = Config.fromfile(CONFIGS / f'{NAME}.py')
    expected.data_root = 'elsewhere'
    assert cfg.to_dict() == expected.to_dict()


def test_what_it_names_is_built_in_its_own_scope(read):
    """mmengine would look for mmpretrain's ``LinearClsHead`` in the scope mmcnx2."""
    cfg = read("_base_ = 'mmcnx2::convnext_v2/convnextv2-atto_64xb64-amp-coslr-300e_in1k.py'")
    assert '_scope_' not in str(cfg.to_dict())
    init_default_scope(cfg.default_scope)
    assert type(MODELS.build(cfg.model).head).__module__.startswith('mmpretrain.')


def test_it_stands_beside_other_bases(read):
    pytest.importorskip('mmdet')
    cfg = read(
        "_base_ = ['mmdet::_base_/models/rpn_r50_fpn.py', 'mmcnx2::_base_/schedules/linear_90e.py']"
    )
    assert cfg.model.type == 'RPN' and cfg.train_cfg.max_epochs == 90


@pytest.mark.parametrize('name', [NAME.replace('100e', '200e'), 'x', '../setup'])
def test_another_name_is_refused_with_the_nearest(name, read):
    with pytest.raises(FileNotFoundError, match=f"'mmcnx2::{name}' is no config.* mean 'mmcnx2::"):
        read(f"_base_ = 'mmcnx2::{name}'")


def test_every_config_has_such_a_name():
    names = [path.relative_to(CONFIGS).as_posix() for path in CONFIGS.rglob('*.py')]
    assert names
    assert all(own_config(name).samefile(CONFIGS / name) for name in names)
