"""Nothing between the beginning and the end of a step waits for the device."""

import sys

import pytest
import torch
from demo.scenes import SceneSettings, build
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner

from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.engine.optimizers import joined
from tests.support.batches import make_batch
from tests.support.command_line import ROOT
from tests.support.short_pretraining import pre_train, render
from tests.support.toy_config import classify_scenes, shorten, shrink
from tests.support.waiting import Begin, End, ListsTravel, PretendDevice, Waits, WhoReads


@pytest.fixture(scope='module')
def pictures(tmp_path_factory):
    return render(tmp_path_factory.mktemp('scenes'))


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    root = tmp_path_factory.mktemp('labelled')
    build(root, SceneSettings(size=64, unlabelled=0, train=10, val=10), workers=1, progress=False)
    return root


@pytest.fixture
def device(monkeypatch):
    """A device that the runner takes for the machine's, with optimizers that are fused on it."""
    monkeypatch.setattr('mmengine.runner.runner.get_device', lambda: 'meta')
    monkeypatch.setattr(joined, '_FUSED_ON', ('meta',))
    adam = sys.modules[torch.optim.Adam.__module__]
    monkeypatch.setattr(adam, '_device_dtype_check_for_fused', lambda *_, **__: None)
    return PretendDevice()


OPTIONS = {
    'default_hooks.logger.interval': 50,
    'default_hooks.checkpoint.interval': 100,
    'default_hooks.checkpoint.save_last': False,
}


def train(device: PretendDevice, pictures, work_dir, *hooks: Hook, **options):
    with device, ListsTravel(device):
        return pre_train(
            pictures, work_dir, Begin(device), *hooks, End(device), options=OPTIONS | options
        )


@pytest.mark.parametrize('ops', ['torch', 'triton'])
@pytest.mark.parametrize('clip', [None, dict(max_norm=1.0)], ids=['', 'clipped'])
def test_no_step_of_pre_training_waits(device, pictures, tmp_path, ops, clip):
    options = {'model.backbone.ops': ops, 'model.neck.ops': ops}
    options |= {'optim_wrapper.clip_grad': clip} if clip else {}
    runner = train(device, pictures, tmp_path, **options)
    assert device.steps == 4
    hub = runner.message_hub
    names = ['train/loss', *(['train/grad_norm'] if clip else [])]
    assert all(len(hub.get_scalar(name).data[0]) == 4 for name in names)


FINE_TUNED = {
    'mixed and averaged': 'convnextv2-base_fcmae-pre_32xb32-amp-coslr-100e_in1k',
    'smoothed labels': 'convnextv2-atto_fcmae-pre_1xb64-50e_folder',
}


@pytest.mark.parametrize('name', FINE_TUNED.values(), ids=[*FINE_TUNED])
def test_no_step_of_fine_tuning_waits(device, scenes, tmp_path, name):
    config = shorten(shrink(Config.fromfile(ROOT / f'configs/convnext_v2/{name}.py')))
    cfg = classify_scenes(config, scenes)
    cfg.merge_from_dict(OPTIONS)
    cfg.model.backbone.init_cfg = None
    cfg.train_cfg.val_interval = 100
    cfg.work_dir = str(tmp_path)
    amp_off_without_gpu(cfg)
    with device, ListsTravel(device):
        runner = Runner.from_cfg(cfg)
        for hook in (Begin(device), End(device)):
            runner.register_hook(hook)
        runner.train()
    assert device.steps == 2
    assert len(runner.message_hub.get_scalar('train/loss').data[0]) == 2


TRANSFER = {
    'mask_rcnn/mask-rcnn_convnextv2-base-fcmae_fpn_lsj-3x_coco': {'mmdet', 'mmengine'},
    'upernet/upernet_convnextv2-base-fcmae_8xb2-amp-160k_ade20k-512x512': {'mmseg'},
}


@pytest.mark.parametrize(('name', 'who'), TRANSFER.items(), ids=['detection', 'segmentation'])
def test_what_a_step_of_transfer_waits_for_is_the_toolboxes(name, who):
    """docs/performance.md names it."""
    cfg = shrink(Config.fromfile(ROOT / f'configs/{name}.py'))
    init_default_scope(cfg.default_scope)
    cfg.model.backbone.init_cfg = None
    amp_off_without_gpu(cfg)
    model = MODELS.build(cfg.model).train()
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    with WhoReads() as found:
        model.train_step(make_batch(cfg.default_scope, classes=10), wrapper)
    assert {module.partition('.')[0] for module in found.modules} == who, found.modules


class Impatient(Hook):
    """Reads the loss of a step as soon as it is there."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        outputs['loss'].detach().item()


@pytest.mark.parametrize(
    ('hooks', 'options'),
    [
        ([Impatient()], {}),
        ([], {'default_hooks.runtime_info.type': 'RuntimeInfoHook'}),
        ([], {'optim_wrapper.optimizer.fused': False}),
        ([], {'model.data_preprocessor.non_blocking': False}),
        # The toolbox's turns channels by a list, which is copied to the device first.
        (
            [],
            {
                'model.data_preprocessor.type': 'SelfSupDataPreprocessor',
                'model.data_preprocessor.non_blocking': True,
            },
        ),
    ],
    ids=['read at once', 'mmengines hook', 'not fused', 'blocking copy', 'index'],
)
def test_a_step_that_waits_is_found(device, pictures, tmp_path, hooks, options):
    with pytest.raises(Waits):
        train(device, pictures, tmp_path, *hooks, **options)
