"""Every config loads, holds the paper's values, and trains for a step at toy size."""

import ast
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, DefaultScope

from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.engine.config_values import check_values
from mmcnx2.engine.optimizers.joined import settings_of
from mmcnx2.models import ARCHS
from tests.support.batches import make_batch
from tests.support.configs import CONFIGS, NAMES, numbers_of, read_config
from tests.support.schedule import learning_rates
from tests.support.toy_config import shrink

IMAGENET = [name for name in NAMES if name.startswith('fcmae/') and name.endswith('in1k.py')]
RESTS = {
    # Levels of the head that the object was not given to.
    'mmcnx2.RTMDet': r'bbox_head\.((reg|kernel)_convs|rtm_(reg|kernel)\b)',
    # What reaches the losses through weights that are zero before the first step.
    'mmcnx2.DINO': r'level_embed$|bbox_head\.reg_branches',
}
"""Parameters that one step may leave as they are, by kind of model."""

every_config = pytest.mark.parametrize('name', NAMES)
every_imagenet_config = pytest.mark.parametrize('name', IMAGENET)


def classes_of(model: Config) -> int:
    """Number of classes that a model's config asks for, 0 for pre-training."""
    return model.get('num_classes', 0)


def own_lines(path: Path) -> int:
    """Lines that a config adds to its bases: neither blank, nor comment, nor ``_base_``."""
    source = path.read_text()
    base = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == '_base_':
            base.update(range(node.lineno, node.end_lineno + 1))
    lines = enumerate(source.splitlines(), start=1)
    return sum(bool(line.split('#')[0].strip()) and i not in base for i, line in lines)


@every_config
def test_is_a_base_and_a_delta_of_at_most_15_lines(name):
    assert '_base_' in (CONFIGS / name).read_text(), f'{name} has no base'
    lines = own_lines(CONFIGS / name)
    assert lines <= 15, f'{name} adds {lines} lines to its bases: move what repeats into a base'


@every_config
def test_holds_plain_values_that_a_run_can_mean(name):
    check_values(read_config(name))


@every_config
def test_needs_no_other_package_for_its_bases(name):
    for path in (CONFIGS / name, *CONFIGS.glob('_base_/**/*.py')):
        assert '::' not in path.read_text(), f'{path} takes a base from an installed package'


@every_config
def test_widths_are_the_backbones_and_heads_have_the_same_classes(name):
    model = read_config(name).model
    arch = model.backbone.arch
    widths = list((ARCHS[arch] if isinstance(arch, str) else arch)['channels'])
    numbers = numbers_of(model)
    assert {v for k, v in numbers.items() if k.endswith('num_classes')} <= {
        model.get('num_classes')
    }
    match model.type:
        case 'mmcnx2.FCMAE' | 'mmcnx2.SkipFCMAE' | 'mmcnx2.DenseFCMAE':
            climbs = 'UNet' in model.neck.type
            assert numbers['neck.in_channels'] == (widths if climbs else widths[-1])
            sides = {v for k, v in numbers.items() if k.endswith('patch_size')}
            assert sides == {4 * 2 ** (len(widths) - 1)}
        case 'mmcnx2.ImageClassifier':
            assert numbers['head.in_channels'] == widths[-1]
            if 'neck' in model:
                assert numbers['neck.input_features'] == widths[-1]
        case 'mmcnx2.MaskRCNN' | 'mmcnx2.CascadeRCNN':
            assert numbers['neck.in_channels'] == widths
        case 'mmcnx2.DINO' | 'mmcnx2.RTMDet':
            used = [widths[i] for i in model.backbone.out_indices]
            assert numbers['neck.in_channels'] == used
            if model.type == 'mmcnx2.RTMDet':
                keys = 'neck.out_channels', 'bbox_head.in_channels', 'bbox_head.feat_channels'
                assert [numbers[key] for key in keys] == [used[0]] * 3
        case 'mmcnx2.Mask2Former':
            assert numbers['panoptic_head.in_channels'] == widths
            counts = {v for k, v in numbers.items() if k.endswith('num_things_classes')}
            assert counts == {model.num_classes}
        case 'mmcnx2.EncoderDecoder':
            assert numbers['decode_head.in_channels'] == widths
            if 'auxiliary_head' in model:
                assert numbers['auxiliary_head.in_channels'] == widths[2]
        case other:
            raise AssertionError(f'{name}: nothing is known of {other}')


def assert_few_groups(optimizer: torch.optim.Optimizer, kind: str) -> None:
    """A step costs as many calls as there are groups, unless torch can fuse them."""
    settings = [settings_of(group) for group in optimizer.param_groups]
    assert all(settings.count(each) == 1 for each in settings), 'groups that are alike'
    if kind == 'AdamW':
        assert all(group['fused'] for group in optimizer.param_groups)


@pytest.fixture(scope='module')
def trained() -> set[str]:
    """What configs have become that trained for a step: several sizes become the same toy."""
    return set()


@every_config
def test_trains_for_a_step_at_toy_size(name, trained):
    torch.manual_seed(0)
    cfg = shrink(read_config(name))
    cfg.model.backbone.pop('init_cfg', None)  # weights that a run of another config makes
    if cfg.model.backbone.get('layer_scale_init_value'):
        cfg.model.backbone.layer_scale_init_value = 1.0  # 1e-6 hides a step below float32's grain
    cfg.model.backbone.drop_path_rate = 0.0  # a block may be left out of both images
    if cfg.optim_wrapper.optimizer.type == 'AdamW':
        cfg.optim_wrapper.optimizer.eps = 1e-20  # gradients of narrow toys are below 1e-8
    amp_off_without_gpu(cfg)
    toy = repr((cfg.model, cfg.optim_wrapper, cfg.default_scope))
    if toy in trained:
        return
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
        model.init_weights()
        wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
        assert_few_groups(wrapper.optimizer, cfg.optim_wrapper.optimizer.type)
        model.to(get_device()).train()
        before = {key: value.clone() for key, value in model.named_parameters()}
        # Of 16 patches, even a mask of 90 % leaves one.
        size = 128 if cfg.model.type.endswith('FCMAE') else 64
        batch = make_batch(cfg.default_scope, classes=classes_of(cfg.model), size=size)
        logs = model.train_step(batch, wrapper)
    assert torch.isfinite(logs['loss']), f'{name}: loss is {logs["loss"]}'
    rests = RESTS.get(cfg.model.type)
    for key, value in model.named_parameters():
        if rests and re.match(rests, key):
            continue
        changed = not value.equal(before[key])
        assert changed == value.requires_grad, f'{name}: {key} changed: {changed}'
    trained.add(toy)


def test_scenes_classes_are_those_of_the_data_set():
    from demo.scenes import OBJECT_CLASSES, SEGMENTATION_CLASSES

    detection = read_config('_base_/datasets/scenes_det.py')
    assert detection.metainfo.classes == OBJECT_CLASSES
    assert read_config('_base_/datasets/scenes_seg.py').metainfo.classes == SEGMENTATION_CLASSES
    for name in NAMES:
        cfg = read_config(name)
        if 'scenes' in str(cfg.get('data_root')):
            data_set = cfg.train_dataloader.dataset.type
            expected = dict(CustomDataset=10, CocoDataset=10, BaseSegDataset=16).get(data_set)
            assert expected in (None, classes_of(cfg.model)), name


def test_pre_training_on_imagenet_covers_eight_sizes_at_two_lengths():
    assert IMAGENET == sorted(
        f'fcmae/fcmae_convnextv2-{arch}_64xb64-amp-coslr-{epochs}e_in1k.py'
        for arch in ARCHS
        for epochs in (800, 1600)
    )


@every_imagenet_config
def test_pre_training_has_the_papers_values(name):
    cfg = read_config(name)
    size, epochs = name.split('-')[1].split('_')[0], int(name.split('-')[-1].split('e_')[0])
    optimizer, wrapper = cfg.optim_wrapper.optimizer, cfg.optim_wrapper

    assert cfg.model.backbone.arch == size
    assert cfg.train_dataloader.batch_size * 64 == cfg.auto_scale_lr.base_batch_size == 4096
    assert optimizer.type == 'AdamW'
    assert optimizer.lr == pytest.approx(2.4e-3)
    assert optimizer.betas == (0.9, 0.95)
    assert optimizer.weight_decay == 0.05
    assert (wrapper.type, wrapper.dtype) == ('AmpOptimWrapper', 'bfloat16')
    assert cfg.train_cfg.max_epochs == epochs
    assert cfg.model.masking.ratio == 0.6
    assert cfg.model.head.norm_pix
    decoder = cfg.model.neck
    assert (decoder.embed_dims, decoder.depth) == (512, 1)
    numbers = numbers_of(cfg.model)
    assert numbers['neck.patch_size'] == numbers['head.patch_size'] == 32
    crop = cfg.train_dataloader.dataset.pipeline[1]
    assert crop.type == 'mmcnx2.DecodeRandomResizedCrop'  # bicubic, always
    assert (crop.scale, crop.crop_ratio_range, crop.flip_prob) == (224, (0.2, 1.0), 0.5)


@every_imagenet_config
def test_pre_training_rate_rises_for_40_epochs_then_falls_along_a_cosine(name):
    cfg = read_config(name)
    epochs, per_epoch = cfg.train_cfg.max_epochs, 3
    rates = learning_rates(cfg, per_epoch)
    assert rates[0] == pytest.approx(0, abs=1e-9)
    warmup = torch.linspace(0, 2.4e-3, 40 * per_epoch, dtype=torch.float64)
    progress = torch.arange(0, (epochs - 40) * per_epoch) / ((epochs - 40) * per_epoch)
    cosine = 2.4e-3 * (1 + torch.cos(torch.pi * progress.double())) / 2
    torch.testing.assert_close(rates, torch.cat([warmup, cosine]), rtol=1e-6, atol=1e-10)


def test_pre_training_decays_matrices_and_kernels_alone():
    cfg = shrink(read_config(IMAGENET[0]))
    amp_off_without_gpu(cfg)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
        groups = build_optim_wrapper(model, cfg.optim_wrapper).optimizer.param_groups
    decay = {id(p): group['weight_decay'] for group in groups for p in group['params']}
    for key, parameter in model.named_parameters():
        is_matrix = key.endswith('weight') and parameter.ndim > 1
        assert decay[id(parameter)] == (0.05 if is_matrix else 0.0), key


def test_own_images_on_one_gpu_scale_the_papers_rate_to_a_batch_of_64():
    cfg = read_config('fcmae/fcmae_convnextv2-atto_1xb64-100e_folder.py')
    assert cfg.optim_wrapper.optimizer.lr == pytest.approx(1.5e-4 * 64 / 256)
    assert cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 64
    rates = learning_rates(cfg, per_epoch=2)
    assert rates.argmax() in (9, 10), 'the warm-up takes 5 of 100 epochs'
    assert rates[-1] < 1e-8
