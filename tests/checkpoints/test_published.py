"""Published weights by name: which there are, and the file behind a name."""

import logging
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.runner import load_checkpoint

import mmcnx2.models
from mmcnx2.analysis.encoders import load_encoder
from mmcnx2.checkpoints import convert_state_dict
from mmcnx2.checkpoints.downloads import place_of
from mmcnx2.checkpoints.files import CheckpointError, save_checkpoint
from mmcnx2.checkpoints.published import (
    find_file,
    is_remote,
    list_published,
    names_near,
    published,
)
from mmcnx2.engine.evaluation import trained_classes
from mmcnx2.engine.launch import check_checkpoint, check_inputs
from mmcnx2.nn import ConvNeXtV2
from tests.support.file_server import served
from tests.support.states import assert_same_state, bare, make_state
from tests.support.toy import ARCH

NAME = 'fcmae_convnextv2-atto_3rdparty_in1k'


def test_no_two_weights_share_a_name():
    names = [name.lower() for m in list_published() for name in (m.name, *m.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ('alias', 'name'),
    {
        'fcmae_convnextv2-base': 'fcmae_convnextv2-base_3rdparty_in1k',
        'convnextv2-base_fcmae-pre_in1k': 'convnextv2-base_fcmae-pre_3rdparty_in1k',
        'FCMAE_ConvNeXtV2-Base': 'fcmae_convnextv2-base_3rdparty_in1k',
        'hf-hub:timm/convnextv2_base.fcmae': 'fcmae_convnextv2-base_3rdparty_in1k',
        'facebook/convnextv2-nano-22k-384': 'convnextv2-nano_fcmae-in21k-pre_3rdparty_in1k-384px',
        'dinov3_convnext_tiny': 'convnext-tiny_dinov3-pre_3rdparty_lvd1689m',
        'convnext_tiny.dinov3_lvd1689m': 'convnext-tiny_dinov3-pre_3rdparty_lvd1689m',
        'facebook/dinov3-convnext-tiny-pretrain-lvd1689m': (
            'convnext-tiny_dinov3-pre_3rdparty_lvd1689m'
        ),
    }.items(),
)
def test_a_weight_has_one_name_and_aliases(alias, name):
    assert published(alias) is published(name)
    assert published(alias).name == name


def test_mmpretrains_names_and_files_are_those_that_it_publishes():
    mim = Path(pytest.importorskip('mmpretrain').__file__).parent / '.mim'
    for file in ('convnext_v2', 'convnext'):
        content = yaml.safe_load((mim / f'configs/{file}/metafile.yml').read_text())
        for theirs in content['Models']:
            official = theirs.get('Converted From', {}).get('Weights')
            ours = [m for m in list_published() if official in m.addresses]
            if file == 'convnext_v2' or ours:
                assert [published(theirs['Name'])] == ours
                assert ours[0].copy == theirs['Weights']


def test_timms_names_are_those_of_the_same_files():
    convnext = pytest.importorskip('timm.models.convnext')
    listed = {alias: m for m in list_published() for alias in m.aliases if '.' in alias}
    for name, theirs in convnext.default_cfgs.items():
        for tag, cfg in theirs.cfgs.items():
            is_v2 = name.startswith('convnextv2') and (cfg.url or cfg.hf_hub_id)
            if is_v2 or f'{name}.{tag}' in listed:
                ours = listed.pop(f'{name}.{tag}')
                assert not cfg.url or cfg.url == ours.weights
    assert not listed


def test_every_file_that_is_fetched_first_has_a_digest_or_no_copy_has():
    for model in list_published():
        assert all(url.startswith('https://') for url in model.addresses)
    without = [m.name for m in list_published() if m.digest is None]
    assert without == ['convnext-tiny_3rdparty_in1k']
    assert published(NAME).digest == '07514db4'


def test_an_unknown_name_is_answered_by_the_nearest():
    sentence = (
        r"no published weights are called 'fcmae_convnextv2-bse' \(near it are "
        r'fcmae_convnextv2-base, .*\): mmcnx2 models lists all\.'
    )
    with pytest.raises(CheckpointError, match=sentence):
        published('fcmae_convnextv2-bse')
    with pytest.raises(CheckpointError, match="called 'resnet50': mmcnx2"):
        published('resnet50')
    with pytest.raises(CheckpointError, match=r"'fcmae-convnextv2-nano' does not exist: .*near it"):
        find_file('fcmae-convnextv2-nano')
    with pytest.raises(FileNotFoundError, match=r'does not exist \(near it are .*: give another'):
        check_checkpoint('fcmae-convnextv2-nano')
    assert names_near('work_dirs/run/epoch_100.pth') == ''


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A server's folder, and the list of one published weight that lies there."""
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'cache'))
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / 'site'
    state = convert_state_dict(make_state(), to='official_sparse')
    copy = save_checkpoint({'model': state}, folder / 'copy.pth', hash_in_name=True)
    save_checkpoint({'model': state}, folder / 'official.pt')
    with served(folder) as address:
        model = replace(
            published(NAME), weights=f'{address}/official.pt', copy=f'{address}/{copy.name}'
        )
        monkeypatch.setattr('mmcnx2.checkpoints.published.list_published', lambda: (model,))
        yield folder, model


def test_a_name_is_fetched_once_from_where_it_can_be_checked(site, caplog):
    folder, model = site
    path = find_file('fcmae_convnextv2-atto', progress=False)
    assert path == place_of(model.copy)
    assert path.read_bytes() == (folder / path.name).read_bytes()
    assert f'{NAME}: fetched from {model.copy}; license of the weights: CC-BY-NC.' in caplog.text
    for file in folder.iterdir():
        file.unlink()
    assert find_file(NAME) == path


def test_what_was_fetched_from_the_authors_is_not_fetched_again(site):
    folder, model = site
    place_of(model.weights).parent.mkdir(parents=True)
    os.rename(folder / 'official.pt', place_of(model.weights))
    assert find_file(NAME) == place_of(model.weights)


def test_where_one_address_is_gone_or_has_another_file_the_other_serves(site):
    folder, model = site
    copy = folder / Path(model.copy).name
    copy.write_bytes((folder / 'official.pt').read_bytes() + b' ')
    assert find_file(NAME, progress=False) == place_of(model.weights)
    assert not place_of(model.copy).exists()


def test_a_machine_without_network_is_told_the_address_and_the_place(site):
    folder, model = site
    copy = folder / Path(model.copy).name
    kept = copy.read_bytes()
    copy.unlink()
    (folder / 'official.pt').unlink()
    with pytest.raises(CheckpointError) as told:
        find_file('fcmae_convnextv2-atto')
    place = place_of(model.copy)
    for words in (NAME, f'fetch {model.copy} ', model.weights, f"put it at '{place}'"):
        assert words in str(told.value)
    place.write_bytes(kept)  # by hand
    assert find_file('fcmae_convnextv2-atto') == place


def test_a_file_of_that_name_comes_first(site):
    torch.save(bare(make_state()), NAME)
    assert not is_remote(NAME)
    assert find_file(NAME) == Path(NAME)


def test_a_config_takes_a_name_as_init_cfg_and_as_load_from(site):
    init_cfg = dict(type='Pretrained', checkpoint='fcmae_convnextv2-atto', prefix='backbone.')
    cfg = Config(dict(model=dict(backbone=dict(init_cfg=init_cfg)), load_from=NAME))
    check_inputs(cfg, ())
    net = mmcnx2.models.ConvNeXtV2(ARCH, final_norm=False, init_cfg=init_cfg).double()
    net.init_weights()
    assert_same_state(bare(make_state()), net.state_dict())
    net = mmcnx2.models.ConvNeXtV2(ARCH, final_norm=False).double()
    load_checkpoint(net, NAME)
    assert_same_state(bare(make_state()), net.state_dict())


def test_tools_take_a_name(site):
    check_checkpoint(NAME)
    assert trained_classes(NAME) is None
    net = load_encoder('published', 'fcmae_convnextv2-atto').net
    assert_same_state({k: v.float() for k, v in bare(make_state()).items()}, net.state_dict())


@pytest.mark.parametrize('kind', [ConvNeXtV2, mmcnx2.models.ConvNeXtV2])
def test_from_pretrained_takes_a_name(site, kind, caplog):
    with caplog.at_level(logging.INFO, 'mmcnx2'):
        net = kind.from_pretrained('fcmae_convnextv2-atto')
    assert type(net) is kind
    assert_same_state({k: v.float() for k, v in bare(make_state()).items()}, net.state_dict())
    assert 'Recognized a ConvNeXt V2 checkpoint, official FCMAE' in caplog.text


class RunsCode:
    def __reduce__(self):
        return os.mkdir, ('it_ran',)


def test_a_file_that_would_run_code_is_refused(site):
    folder, model = site
    (folder / Path(model.copy).name).unlink()
    torch.save({'model': RunsCode()}, folder / 'official.pt')
    with pytest.raises(CheckpointError, match='could run code'):
        ConvNeXtV2.from_pretrained(NAME)
    assert not Path('it_ran').exists()
