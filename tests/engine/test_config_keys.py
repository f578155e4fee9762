"""A key of the command line that nothing would read is refused, and the nearest is named."""

import pytest

from mmcnx2.engine.config_keys import check_given_keys
from tests.support.configs import read_config

PRETRAINING = 'fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py'
DETECTION = 'demo/mask-rcnn_convnextv2-mini_fpn_1xb8-12e_scenes.py'
REFUSED = [
    ({'typo.key': 1}, "typo.key: a config takes no key 'typo': it takes .*model"),
    ({'trian_cfg.max_epochs': 1}, "trian_cfg.max_epochs: .*: did you mean 'train_cfg'"),
    (
        {'optim_wrapper.optimizer.lrr': 1},
        r"optim_wrapper.optimizer.lrr: optim_wrapper.optimizer \(AdamW\) .* did you mean 'lr'",
    ),
    ({'model.neck.detph': 1}, r"model.neck.detph: model.neck \(mmcnx2.FCMAEDecoder\) .* 'depth'"),
    ({'model.backbone.drop_path': 1}, "model.backbone.drop_path: .* mean 'drop_path_rate'"),
    (
        {'model.neck.type': 'mmcnx2.RandomMasking', 'model.neck.ratoi': 1},
        r"model.neck.ratoi: model.neck \(mmcnx2.RandomMasking\) .* 'ratio'",
    ),
    ({'train_dataloader.batchsize': 1}, "train_dataloader.batchsize: .* mean 'batch_size'"),
    ({'train_dataloader.dataset.data_rot': 'a'}, "dataset.data_rot: .* mean 'data_root'"),
    ({'train_dataloader.dataset.pipeline.1.scael': 64}, r"pipeline.1.scael: .* mean 'scale'"),
    ({'train_dataloader.dataset.pipeline.7.scale': 64}, 'is a list with entries 0 to 2'),
    ({'randomness.sede': 1}, "randomness.sede: .* mean 'seed'"),
    ({'param_scheduler.1.Tmax': 1}, "param_scheduler.1.Tmax: .* mean 'T_max'"),
    ({'train_cfg.max_epoch': 1}, "train_cfg.max_epoch: .* mean 'max_epochs'"),
    ({'default_hooks.chekpoint.interval': 1}, "chekpoint.interval: .* mean 'checkpoint'"),
    ({'model.neck.depth.x': 1}, 'model.neck.depth.x: model.neck.depth is 1, which holds no keys'),
    ({'model.neck': 3}, 'model.neck=3, but this is a part of the config: give one of its keys'),
    ({'optim_wrapper': 'x'}, "optim_wrapper='x', but this is a part"),
    ({'param_scheduler': 5}, 'param_scheduler=5, but this is a list of 2 parts'),
    ({'train_dataloader.dataset.pipeline.1': 64}, r'give the whole list, .*pipeline=\[...\]'),
    ({'optim_wrapper.optimizer.type': 7}, 'type=7, but the name of a class is expected'),
    ({'max_epochs': 3}, 'max_epochs: .* give train_cfg.max_epochs.'),
]


@pytest.mark.parametrize(('options', 'sentence'), REFUSED)
def test_a_key_that_nothing_reads_is_refused(options, sentence):
    with pytest.raises(ValueError, match=sentence) as refused:
        check_given_keys(read_config(PRETRAINING), options)
    assert str(refused.value).startswith(tuple(options)) and '\n' not in str(refused.value)


@pytest.mark.parametrize(
    'options',
    [
        {'optim_wrapper.optimizer.amsgrad': True},  # an argument that the config leaves out
        {'optim_wrapper.clip_grad.max_norm': 1.0},
        {'optim_wrapper.constructor': 'mmcnx2.LayerDecayOptimWrapperConstructor'},
        {'default_hooks.diversity.type': 'x', 'default_hooks.diversity.interval': 10},
        {'default_hooks.checkpoint.fallback_dir': 'other'},
        {'default_hooks.checkpoint.save_best': 'auto'},  # its class takes **kwargs
        {'default_hooks.loss_spike.priority': 'LOW'},
        {'model.backbone.init_cfg.type': 'Pretrained', 'model.backbone.init_cfg.checkpoint': 'a'},
        {'model.backbone.arch': 'tiny'},
        {'train_dataloader.dataset.pipeline.1.scale': 64},
        {'train_dataloader.prefetch_factor': 4},
        {'runner_type': 'mmcnx2.ShardedRunner'},
        {'custom_hooks': [], 'val_dataloader': None, 'load_from': 'a.pth', 'work_dir': 'b'},
        {'env_cfg.dist_cfg.rank': 0},
        {'warmup_epochs': 3},
    ],
)
def test_what_a_part_takes_passes(options):
    check_given_keys(read_config(PRETRAINING), options)


def test_what_the_toolboxes_take_passes_and_what_they_do_not_is_refused():
    cfg = read_config(DETECTION)
    check_given_keys(
        cfg,
        {
            'model.roi_head.mask_head': None,
            'model.test_cfg.rcnn.max_per_img': 5,
            'model.rpn_head.anchor_generator.scales': [4],
            'train_dataloader.dataset.metainfo.classes': ['a'],
        },
    )
    with pytest.raises(ValueError, match=r"\(Shared2FCBBoxHead\) takes no key .* 'num_classes'"):
        check_given_keys(cfg, {'model.roi_head.bbox_head.num_class': 3})
