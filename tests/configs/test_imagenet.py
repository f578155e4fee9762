"""The ImageNet recipes, built, beside the paper's tables, value by value."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper
from mmengine.registry import HOOKS, MODELS, DefaultScope
from torch import nn

from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.models import ARCHS
from tests.support.configs import CONFIGS, read_config
from tests.support.imagenet_recipes import RECIPES, Recipe
from tests.support.official_layers import official_group, official_single
from tests.support.schedule import learning_rates
from tests.support.toy_config import shrink

FOLDER = CONFIGS / 'convnext_v2'

every_recipe = pytest.mark.parametrize('recipe', RECIPES, ids=lambda recipe: recipe.name)


@cache
def load(recipe: Recipe) -> Config:
    return read_config(f'convnext_v2/{recipe.name}.py')


@cache
def build(recipe: Recipe) -> tuple[nn.Module, torch.optim.Optimizer]:
    """Build model and optimizer, with the size's depth and four channels a stage."""
    torch.manual_seed(0)
    cfg = Config(load(recipe).to_dict())
    cfg.model.backbone.arch = dict(depths=ARCHS[recipe.size]['depths'], channels=(4, 4, 4, 4))
    cfg.model.backbone.pop('init_cfg', None)
    amp_off_without_gpu(cfg)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(cfg.model)
        model.init_weights()
        return model, build_optim_wrapper(model, cfg.optim_wrapper).optimizer


def pipeline_of(recipe: Recipe, split: str) -> list:
    """Return the built transforms of 'train' or 'test'."""
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return Compose(load(recipe)[f'{split}_dataloader'].dataset.pipeline).transforms


def test_every_row_of_the_paper_has_its_config():
    configs = {path.stem for path in FOLDER.glob('*_in*.py') if 'linear' not in path.stem}
    assert configs == {recipe.name for recipe in RECIPES}


@every_recipe
def test_size_starting_point_and_data(recipe):
    cfg = load(recipe)
    assert cfg.model.backbone.arch == recipe.size
    assert cfg.model.num_classes == recipe.classes
    assert cfg.model.backbone.get('use_grn', True) == recipe.grn
    scale = cfg.model.backbone.get('layer_scale_init_value', 0.0)
    assert scale == (0.0 if recipe.grn else 1e-6)

    start = cfg.model.backbone.get('init_cfg')
    stem = recipe.name.split('_')[0]
    if '_fcmae-pre_' in recipe.name:
        before = f'fcmae_{stem}_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
    elif '_fcmae-in21k-pre_' in recipe.name:
        before = f'{stem}_fcmae-pre_64xb64-amp-coslr-90e_in21k/epoch_90.pth'
    else:
        assert start is None
        return
    assert start == dict(type='Pretrained', checkpoint=f'work_dirs/{before}', prefix='backbone.')
    source = Path(before).parent.name
    assert list(FOLDER.parent.glob(f'*/{source}.py')), f'no config trains {source}'


@every_recipe
def test_batch_and_length(recipe):
    cfg = load(recipe)
    gpus, images = recipe.name.split('-amp')[0].split('_')[-1].split('xb')
    assert cfg.train_dataloader.batch_size == int(images)
    assert int(gpus) * int(images) == recipe.batch == cfg.auto_scale_lr.base_batch_size
    assert cfg.train_cfg.max_epochs == recipe.epochs
    assert (cfg.optim_wrapper.type, cfg.optim_wrapper.dtype) == ('AmpOptimWrapper', 'bfloat16')
    assert 'clip_grad' not in cfg.optim_wrapper


@every_recipe
def test_rate_and_decay_of_every_parameter(recipe):
    model, optimizer = build(recipe)
    assert isinstance(optimizer, torch.optim.AdamW)
    assert optimizer.defaults['betas'] == (0.9, 0.999)
    found = {
        id(parameter): group for group in optimizer.param_groups for parameter in group['params']
    }
    rate = recipe.base_lr * recipe.batch / 256
    for name, parameter in model.named_parameters():
        group = found.pop(id(parameter))
        assert group['lr'] == pytest.approx(rate * scale_of(name, recipe), rel=1e-12), name
        decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
        assert group.get('weight_decay') == decay, name
    assert not found


def scale_of(name: str, recipe: Recipe) -> float:
    """The official scale of a parameter's rate: ``decay ** (L + 1 - i)``."""
    if recipe.layer_decay is None or not name.startswith('backbone.'):
        return 1.0
    kind, decay = recipe.layer_decay
    depths, own = ARCHS[recipe.size]['depths'], name.removeprefix('backbone.')
    if kind == 'group':
        return decay ** (12 + 1 - official_group(own))
    return decay ** (sum(depths) + 1 - official_single(own, depths))


@every_recipe
def test_rate_of_every_iteration_at_the_top_and_at_the_bottom(recipe):
    cfg, per_epoch = load(recipe), 2
    rate = recipe.base_lr * recipe.batch / 256
    for name in ('head.fc.weight', 'backbone.stages.0.0.norm.weight'):
        scale = scale_of(name, recipe)
        epoch = torch.arange(recipe.epochs * per_epoch, dtype=torch.float64) / per_epoch
        progress = (epoch - recipe.warmup) / (recipe.epochs - recipe.warmup)
        official = 1e-6 + (rate - 1e-6) * (1 + torch.cos(torch.pi * progress)) / 2
        if recipe.warmup:
            # mmengine ends a warm-up of n steps at the n-th, the official code one step later.
            steps = recipe.warmup * per_epoch
            official[:steps] = torch.linspace(0, rate, steps, dtype=torch.float64)
        found = learning_rates(cfg, per_epoch, scale=scale)
        torch.testing.assert_close(found, official * scale, rtol=1e-6, atol=2e-9 * rate * scale)


@every_recipe
def test_drop_path_rises_over_all_blocks(recipe):
    blocks = [block for stage in build(recipe)[0].backbone.stages for block in stage]
    expected = torch.linspace(0, recipe.drop_path, len(blocks)).tolist()
    assert [block.drop_path.rate for block in blocks] == pytest.approx(expected, abs=1e-7)


@every_recipe
def test_loss_smooths_labels(recipe):
    loss = build(recipe)[0].head.loss_module
    scores, labels = torch.randn(4, 7), torch.tensor([0, 3, 6, 3])
    expected = F.cross_entropy(scores, labels, label_smoothing=recipe.smoothing)
    torch.testing.assert_close(type(loss)(loss.label_smooth_val)(scores, labels), expected)


@every_recipe
def test_mixup_and_cutmix_take_turns(recipe):
    augments = build(recipe)[0].data_preprocessor.batch_augments
    if recipe.mixup is None:
        assert augments is None
        return
    assert [type(augment).__name__ for augment in augments.augments] == ['Mixup', 'CutMix']
    assert tuple(augment.alpha for augment in augments.augments) == recipe.mixup
    assert augments.probs is None, 'both are as likely, and one always is applied'


@every_recipe
def test_average_of_the_weights(recipe):
    cfg = load(recipe)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        hooks = [HOOKS.build(hook) for hook in cfg.get('custom_hooks', [])]
    assert [type(hook).__name__ for hook in hooks] == (['EMAHook'] if recipe.ema else [])
    for hook in hooks:
        assert 1 - hook.ema_cfg['momentum'] == pytest.approx(recipe.ema, abs=1e-12)
        assert hook.ema_cfg['type'] == 'ExponentialMovingAverage'
        assert hook.evaluate_on_ema and not hook.evaluate_on_origin


@every_recipe
def test_head_starts_small(recipe):
    fc = build(recipe)[0].head.fc
    assert fc.weight.std().item() == pytest.approx(recipe.head_std, rel=0.05)
    assert not fc.bias.any()


@every_recipe
def test_augmentation(recipe):
    load_image, crop, flip, augment, erase, pack = pipeline_of(recipe, 'train')
    assert type(crop).__name__ == 'RandomResizedCrop'
    assert crop.scale == (recipe.pixels, recipe.pixels)
    assert crop.crop_ratio_range == (0.08, 1.0)
    assert crop.aspect_ratio_range == (3 / 4, 4 / 3)
    assert (crop.backend, crop.interpolation) == ('pillow', 'bicubic')
    assert (type(flip).__name__, flip.prob) == ('RandomFlip', 0.5)
    # timm's rand-m9-mstd0.5-inc1
    assert type(augment).__name__ == 'RandAugment'
    assert (augment.num_policies, augment.magnitude_level) == (2, 9)
    assert (augment.magnitude_std, augment.total_level) == (0.5, 10)
    assert {transform.prob for transform in augment.transforms} == {0.5}
    mean, std = (load(recipe).model.data_preprocessor[key][::-1] for key in ('mean', 'std'))
    padding = [round(value) for value in mean]  # BGR, as images are here
    assert augment.hparams == dict(pad_val=padding, interpolation='bicubic')
    assert (type(erase).__name__, erase.erase_prob, erase.mode) == ('RandomErasing', 0.25, 'rand')
    assert (erase.min_area_ratio, erase.max_area_ratio) == (0.02, 1 / 3)
    assert (erase.fill_color, erase.fill_std) == (mean, std)


def test_rand_augment_has_timms_operations():
    from timm.data.auto_augment import _RAND_INCREASING_TRANSFORMS

    ours = [
        type(transform).__name__ + getattr(transform, 'direction', '')
        for transform in pipeline_of(RECIPES[0], 'train')[3].transforms
    ]
    renames = dict(
        Color='ColorTransform', ShearX='Shearhorizontal', ShearY='Shearvertical',
        TranslateXRel='Translatehorizontal', TranslateYRel='Translatevertical',
    )  # fmt: skip
    theirs = [name.removesuffix('Increasing') for name in _RAND_INCREASING_TRANSFORMS]
    assert sorted(ours) == sorted(renames.get(name, name) for name in theirs)


@every_recipe
def test_test_images(recipe):
    if recipe.classes == 21841:
        assert load(recipe).test_dataloader is None, 'ImageNet-22K has no test images'
        return
    _, *transforms, pack = pipeline_of(recipe, 'test')
    kinds = [type(transform).__name__ for transform in transforms]
    assert kinds == (['ResizeEdge', 'CenterCrop'] if recipe.pixels == 224 else ['Resize'])
    assert (transforms[0].backend, transforms[0].interpolation) == ('pillow', 'bicubic')
    picture = dict(img=np.zeros((300, 400, 3), np.uint8), img_shape=(300, 400))
    resized = transforms[0](picture)['img'].shape[:2]
    assert resized == ((256, 341) if recipe.pixels == 224 else (recipe.pixels, recipe.pixels))
    for transform in transforms[1:]:
        picture = transform(picture)
    assert picture['img'].shape == (recipe.pixels, recipe.pixels, 3)


@pytest.mark.parametrize('size', ARCHS)
def test_linear_probing_is_maes(size):
    """He et al. 2021, appendix A.1."""
    name = f'convnextv2-{size}_fcmae-pre_32xb512-linear-coslr-90e_in1k'
    cfg = read_config(f'convnext_v2/{name}.py')
    assert cfg.model.backbone.arch == size
    assert cfg.model.backbone.init_cfg.checkpoint == (
        f'work_dirs/fcmae_convnextv2-{size}_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
    )
    assert 32 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 16384
    assert cfg.custom_hooks == []
    kinds = [transform.type for transform in cfg.train_dataloader.dataset.pipeline]
    assert kinds == [
        'mmcnx2.LoadImageFromFile', 'RandomResizedCrop', 'RandomFlip', 'PackInputs',
    ]  # fmt: skip

    amp_off_without_gpu(shrink(cfg))
    cfg.model.backbone.pop('init_cfg')
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(cfg.model)
        model.init_weights()
        optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    learning = [name for name, value in model.named_parameters() if value.requires_grad]
    assert learning == ['head.fc.weight', 'head.fc.bias']
    assert not model.neck.bn.affine
    assert type(optimizer).__name__ == 'LARS'
    groups = {len(group['params'][0].shape): group for group in optimizer.param_groups}
    for dimensions in (1, 2):
        assert groups[dimensions]['lr'] == pytest.approx(0.1 * 16384 / 256)
        assert groups[dimensions]['momentum'] == 0.9
        assert groups[dimensions]['weight_decay'] == 0.0
        assert groups[dimensions].get('lars_exclude', False) == (dimensions == 1)

    rates = learning_rates(cfg, per_epoch=2)
    progress = torch.arange(160, dtype=torch.float64) / 160
    cosine = 6.4 * (1 + torch.cos(torch.pi * progress)) / 2
    warmup = torch.linspace(0, 6.4, 20, dtype=torch.float64)
    torch.testing.assert_close(rates, torch.cat([warmup, cosine]), rtol=1e-6, atol=1e-8)
