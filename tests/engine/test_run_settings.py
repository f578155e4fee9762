"""What a result depends on: told from a config and from a checkpoint, without running either."""

import pytest
import torch
from mmengine.config import Config

from mmcnx2.engine.run_settings import as_text, differences, relevant, settings_in, settings_of

TEXT = """
data_root = 'data/photos'
model = dict(type='FCMAE', depths=(1, 2), rates=[0.1, None], by_name={'a.b': dict(lr=1e-4)})
train_dataloader = dict(batch_size=4, num_workers=2, dataset=dict(data_root=data_root))
train_cfg = dict(max_epochs=3)
"""


@pytest.fixture
def config(tmp_path):
    (tmp_path / 'config.py').write_text(TEXT)
    return tmp_path / 'config.py'


def save(folder, **meta):
    torch.save(dict(meta=meta, state_dict={}), folder / 'epoch_3.pth')
    return folder / 'epoch_3.pth'


def test_a_checkpoint_says_the_same_as_its_config(config, tmp_path):
    checkpoint = save(tmp_path, cfg=Config.fromfile(config).pretty_text)
    assert differences(settings_of(config), settings_in(checkpoint)) == []


@pytest.mark.parametrize(
    ('option', 'key'),
    [
        ('model.depths=(1,3)', 'model.depths.1'),
        ('train_dataloader.batch_size=8', 'train_dataloader.batch_size'),
        ('model.more=1', 'model.more'),
        ('train_cfg.max_epochs=4', 'train_cfg.max_epochs'),
    ],
)
def test_what_changes_the_result_is_named(option, key, config):
    plain, changed = settings_of(config), settings_of(config, [option])
    assert differences(plain, changed) == [key]
    assert as_text(plain) != as_text(changed)


@pytest.mark.parametrize(
    'option',
    ['train_dataloader.num_workers=16', 'work_dir=elsewhere', 'launcher=pytorch', 'resume=True'],
)
def test_what_changes_no_result_does_not_count(option, config):
    assert as_text(settings_of(config)) == as_text(settings_of(config, [option]))


def test_what_it_was_resumed_from_does_not_count_but_other_weights_to_begin_with_do(config):
    plain = settings_of(config)
    resumed = settings_of(config, ['resume=True', 'load_from=epoch_2.pth'])
    assert differences(plain, resumed) == []
    assert differences(plain, settings_of(config, ['load_from=other.pth'])) == ['load_from']


def test_neither_does_the_order_nor_whether_it_is_a_list_or_a_tuple():
    assert as_text(relevant(dict(a=(1, 2), b=3))) == as_text(relevant(dict(b=3, a=[1, 2])))


@pytest.mark.parametrize(
    'text', ["lr = __import__('os').getpid()", 'a = dict(', 'a = b', 'a.b = 1', 7, None]
)
def test_a_config_in_a_checkpoint_is_never_run(text, tmp_path):
    assert settings_in(save(tmp_path, cfg=text)) is None


def test_a_checkpoint_without_meta_data_says_nothing(tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'weights.pth')
    assert settings_in(tmp_path / 'weights.pth') is None
