"""One config of each ImageNet family, trained for an epoch on ten small scenes."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from demo.scenes import SceneSettings, build
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpretrain import FeatureExtractor, ImageClassificationInferencer

from mmcnx2.compat import amp_off_without_gpu
from tests.support.closeness import assert_close
from tests.support.toy_config import classify_scenes, shorten, shrink

CONFIGS = Path(__file__).parents[2] / 'configs'
FINE_TUNING = 'convnextv2-tiny_fcmae-pre_32xb32-amp-coslr-300e_in1k'
FAMILIES = dict(
    fine_tuning=FINE_TUNING,
    scratch_v1='convnext-atto_64xb64-amp-coslr-300e_in1k',
    scratch_v2='convnextv2-base_64xb64-amp-coslr-300e_in1k',
    imagenet_22k='convnextv2-large_fcmae-pre_64xb64-amp-coslr-90e_in21k',
    after_22k='convnextv2-huge_fcmae-in21k-pre_16xb32-amp-coslr-30e_in1k-384px',
    linear='convnextv2-femto_fcmae-pre_32xb512-linear-coslr-90e_in1k',
    folder='convnextv2-atto_fcmae-pre_1xb64-50e_folder',
)


class Weights(Hook):
    """Keeps the head's weights before and after each step, and as validated or tested."""

    priority = 'VERY_LOW'

    def __init__(self):
        self.started, self.trained, self.evaluated = [], [], []

    def before_train_iter(self, runner, *_, **__):
        self.started.append(head_of(runner))

    def after_train_iter(self, runner, *_, **__):
        self.trained.append(head_of(runner))

    def after_val_iter(self, runner, *_, **__):
        self.evaluated.append(head_of(runner))

    after_test_iter = after_val_iter


def head_of(runner: Runner) -> torch.Tensor:
    return runner.model.head.fc.weight.detach().clone()


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp('scenes')
    build(root, SceneSettings(size=64, unlabelled=4, train=10, val=10), workers=1, progress=False)
    return root


@pytest.fixture(scope='module')
def encoder(tmp_path_factory, scenes) -> Path:
    """What an epoch of pre-training leaves."""
    cfg = Config.fromfile(CONFIGS / 'fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py')
    amp_off_without_gpu(shorten(shrink(cfg)))
    cfg.train_dataloader.dataset.data_root = str(scenes / 'unlabelled')
    cfg.train_dataloader.dataset.pipeline[1].scale = 64
    cfg.work_dir = str(tmp_path_factory.mktemp('pre-training'))
    Runner.from_cfg(cfg).train()
    return Path(cfg.work_dir) / 'epoch_1.pth'


def toy(name: str, scenes: Path, encoder: Path, work_dir: Path) -> Config:
    cfg = classify_scenes(
        shorten(shrink(Config.fromfile(CONFIGS / f'convnext_v2/{name}.py'))), scenes
    )
    cfg.work_dir = str(work_dir)
    if 'init_cfg' in cfg.model.backbone:
        cfg.model.backbone.init_cfg.checkpoint = str(encoder)
    amp_off_without_gpu(cfg)
    return cfg


@pytest.mark.parametrize('family', FAMILIES)
def test_trains_for_an_epoch(family, scenes, encoder, tmp_path):
    cfg = toy(FAMILIES[family], scenes, encoder, tmp_path)
    runner = Runner.from_cfg(cfg)
    runner.train()
    saved = torch.load(tmp_path / 'epoch_1.pth', weights_only=True)
    assert all(value.isfinite().all() for value in saved['state_dict'].values())
    scores = [key for key in runner.message_hub.log_scalars if key.startswith('val/accuracy')]
    assert bool(scores) == (family != 'imagenet_22k')
    if family == 'linear':
        before = torch.load(encoder, weights_only=True)['state_dict']
        for key, value in runner.model.backbone.state_dict().items():
            assert value.equal(before[f'backbone.{key}']), f'{key} was to stay frozen'


def test_a_folder_with_another_number_of_classes_is_refused_before_training(
    scenes, encoder, tmp_path
):
    cfg = toy(FAMILIES['folder'], scenes, encoder, tmp_path)
    cfg.model.num_classes = 7
    with pytest.raises(AssertionError, match=r'`num_classes` \(\d+\).*does not matches.*10'):
        Runner.from_cfg(cfg).train()
    assert not list(tmp_path.glob('*.pth'))


def test_own_classes_take_two_changed_lines(tmp_path):
    lines = (CONFIGS / f'convnext_v2/{FAMILIES["folder"]}.py').read_text().splitlines()
    changes = dict(data_root="'data/birds'", num_classes='7', _base_=None)
    for i, line in enumerate(lines):
        name = line.split(' = ')[0]
        if changes.get(name):
            lines[i] = f'{name} = {changes.pop(name)}'
    assert list(changes) == ['_base_'], f'no line of their own: {changes}'
    copy = tmp_path / 'birds.py'
    copy.write_text('\n'.join(lines).replace("'../_base_", f"'{CONFIGS}/_base_"))
    cfg = Config.fromfile(copy)
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.data_root == 'data/birds'
    assert cfg.model.num_classes == 7


@pytest.fixture(scope='module')
def averaged(tmp_path_factory, scenes, encoder):
    """A fine-tuning run whose average moves by a tenth a step: config, weights seen, checkpoint."""
    folder = tmp_path_factory.mktemp('averaged')
    cfg = toy(FINE_TUNING, scenes, encoder, folder)
    cfg.custom_hooks[0].momentum = 0.1
    cfg.train_dataloader.batch_size = 2
    cfg.param_scheduler = []  # the warm-up would hardly move anything
    runner, weights = Runner.from_cfg(cfg), Weights()
    runner.register_hook(weights)
    runner.train()
    path = folder / 'config.py'
    cfg.dump(path)
    return path, weights, folder / 'epoch_1.pth'


def test_the_average_is_what_is_validated_and_saved(averaged):
    _, weights, checkpoint = averaged
    average = weights.trained[0]
    for trained in weights.trained[1:]:
        average = 0.9 * average + 0.1 * trained
    assert not all(a.equal(b) for a, b in pairwise(weights.trained)), 'it did not train'
    assert not weights.trained[-1].allclose(average), 'the case says nothing'
    for evaluated in weights.evaluated:
        assert_close('validated', average, evaluated, 1e-6)
    saved = torch.load(checkpoint, weights_only=True)
    assert_close('published', average, saved['state_dict']['head.fc.weight'], 1e-6)
    kept = saved['ema_state_dict']['module.head.fc.weight']
    assert kept.equal(weights.trained[-1]), 'what training resumes from is not there'


def test_the_average_is_what_is_tested(averaged):
    config, weights, checkpoint = averaged
    cfg = Config.fromfile(config)
    cfg.load_from = str(checkpoint)
    runner, tested = Runner.from_cfg(cfg), Weights()
    runner.register_hook(tested)
    runner.test()
    for evaluated in tested.evaluated:
        assert_close('tested', weights.evaluated[0], evaluated, 1e-6)


def test_training_goes_on_from_its_own_weights_and_their_average(averaged, tmp_path):
    config, weights, checkpoint = averaged
    cfg = Config.fromfile(config)
    cfg.update(load_from=str(checkpoint), resume=True, work_dir=str(tmp_path))
    cfg.train_cfg.max_epochs = 2
    runner, resumed = Runner.from_cfg(cfg), Weights()
    runner.register_hook(resumed)
    runner.train()
    assert resumed.started[0].equal(weights.trained[-1])
    average = weights.evaluated[0]
    for trained in resumed.trained:
        average = 0.9 * average + 0.1 * trained
    assert_close('validated', average, resumed.evaluated[0], 1e-6)


def test_mmpretrains_inferencers_take_config_and_checkpoint(averaged, scenes):
    config, weights, checkpoint = averaged
    pictures = sorted(str(path) for path in (scenes / 'imagenet/val').rglob('*.*'))
    classify = ImageClassificationInferencer(str(config), pretrained=str(checkpoint))
    assert_close('loaded', weights.evaluated[0], classify.model.head.fc.weight.detach(), 1e-6)
    results = classify(pictures, batch_size=4)
    folders = sorted({Path(picture).parent.name for picture in pictures})
    for result in results:
        assert result['pred_class'] == folders[result['pred_label']]
        assert result['pred_scores'].sum() == pytest.approx(1, abs=1e-5)

    extract = FeatureExtractor(str(config), pretrained=str(checkpoint))
    (features,) = zip(*extract(pictures, stage='backbone', batch_size=3), strict=True)
    logits = extract.model.head.fc(torch.stack(features)).detach()
    scores = np.stack([result['pred_scores'] for result in results])
    assert_close('scores', torch.from_numpy(scores), logits.softmax(1), 1e-5)
