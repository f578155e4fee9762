"""A row of the paper at the demo's scale: its model, the demo's sizes, data and length."""

import pytest
from ablations.small_scale import small_finetuning, small_pretraining
from ablations.tables import ABLATIONS
from mmengine.config import Config

from tests.support.configs import read_config

ROWS = {row.pretraining: row for ablation in ABLATIONS.values() for row in ablation.rows}
SMALL = [name for name in ROWS if name and '-large' not in name]
SIZES = ('in_channels', 'embed_dims', 'patch_size')


def read(name: str) -> Config:
    return read_config(f'{name}.py')


@pytest.fixture(scope='module')
def demo() -> tuple[Config, Config]:
    return (
        read('demo/fcmae_convnextv2-mini_1xb32-18e_scenes'),
        read('demo/convnextv2-mini_1xb15-50e_scenes'),
    )


@pytest.mark.parametrize('name', SMALL)
def test_keeps_the_row_and_takes_the_demos_sizes(name, demo):
    real, small = read(name).model, small_pretraining(read(name), demo[0], epochs=7).model
    assert small.type == real.type
    assert small.masking == real.masking
    assert small.backbone.arch == demo[0].model.backbone.arch
    assert {k: v for k, v in small.backbone.items() if k != 'arch'} == {
        k: v for k, v in real.backbone.items() if k != 'arch'
    }
    assert {k: v for k, v in small.neck.items() if k not in SIZES} == {
        k: v for k, v in real.neck.items() if k not in SIZES
    }
    if 'embed_dims' in real.neck:
        assert small.neck.embed_dims * 512 == real.neck.embed_dims * demo[0].model.neck.embed_dims


def test_the_demos_own_model_is_that_of_the_papers_base(demo):
    name = 'fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k'
    assert small_pretraining(read(name), demo[0], epochs=7).model == demo[0].model


def test_length_warm_up_and_checkpoint_follow_the_number_of_epochs(demo):
    cfg = small_pretraining(read(SMALL[0]), demo[0], epochs=7)
    warmup, cosine = cfg.param_scheduler
    assert cfg.train_cfg.max_epochs == cfg.default_hooks.checkpoint.interval == 7
    assert (warmup.end, cosine.begin) == (2, 2)
    assert not {'end', 'T_max'} & cosine.keys(), 'it does not end with the run'
    assert demo[0].train_cfg.max_epochs == 18, 'the demo itself has changed'


@pytest.mark.parametrize('checkpoint', [None, 'a.pth'])
def test_fine_tuning_takes_the_rows_backbone_and_nothing_of_its_recipe(checkpoint, demo):
    real = read('ablations/convnextv2-base-lrn_fcmae-800e-pre_32xb32-amp-coslr-100e_in1k')
    cfg = small_finetuning(real, demo[1], epochs=3, checkpoint=checkpoint)
    backbone = cfg.model.backbone
    assert backbone.response == 'lrn'
    assert backbone.arch == demo[1].model.backbone.arch
    assert 'drop_path_rate' not in backbone
    assert (backbone.init_cfg.checkpoint if checkpoint else backbone.get('init_cfg')) == checkpoint
    assert cfg.model.head == demo[1].model.head
    assert cfg.train_cfg.val_interval == 3
    assert cfg.train_dataloader == demo[1].train_dataloader


def test_no_more_epochs_than_the_warm_up_are_refused(demo):
    with pytest.raises(ValueError, match='epochs=1 must be more than the 2 of the warm-up'):
        small_pretraining(read(SMALL[0]), demo[0], epochs=1)
