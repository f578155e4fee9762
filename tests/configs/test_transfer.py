"""Mask R-CNN on COCO and UPerNet on ADE20K beside the paper's appendices A.3 and A.4."""

from functools import cache
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, DefaultScope

from mmcnx2.compat import amp_off_without_gpu
from mmcnx2.models import ARCHS
from tests.support.configs import CONFIGS, read_config
from tests.support.schedule import learning_rates
from tests.support.toy_config import shrink
from tests.support.transfer_recipes import MASK_RCNN, UPERNET, Transfer

every_transfer = pytest.mark.parametrize('row', [*MASK_RCNN, *UPERNET], ids=lambda row: row.files)
every_detector = pytest.mark.parametrize('row', MASK_RCNN, ids=lambda row: row.name)
every_segmentor = pytest.mark.parametrize('row', UPERNET, ids=lambda row: row.files)


@cache
def load(row: Transfer) -> Config:
    return read_config(row.files)


def optimizer_of(row: Transfer) -> tuple[torch.nn.Module, torch.optim.Optimizer]:
    """Build model and optimizer with the size's depths and a few channels."""
    cfg = shrink(Config(load(row).to_dict()))
    cfg.model.backbone.arch.depths = ARCHS[row.size]['depths']
    cfg.model.backbone.pop('init_cfg')
    amp_off_without_gpu(cfg)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
        return model, build_optim_wrapper(model, cfg.optim_wrapper).optimizer


def rate_at(cfg: Config, step: int, *, per_epoch: int = 100) -> float:
    """Return the learning rate after some steps, by mmengine's schedulers."""
    return learning_rates(cfg, per_epoch, steps=step + 1)[-1].item()


def test_every_row_of_the_paper_has_its_config():
    for folder, ending, rows in (('mask_rcnn', 'coco', MASK_RCNN), ('upernet', 'ade20k', UPERNET)):
        found = {
            path.relative_to(CONFIGS).as_posix()
            for path in (CONFIGS / folder).glob('*.py')
            if path.stem.split('_')[-1].startswith(ending)
        }
        assert found == {row.files for row in rows}


@every_transfer
def test_size_and_starting_point(row):
    cfg = load(row)
    backbone = cfg.model.backbone
    assert backbone.arch == row.size
    assert backbone.out_indices == (0, 1, 2, 3)
    assert backbone.drop_path_rate == row.drop_path
    assert backbone.get('use_grn', True) == row.grn
    assert backbone.get('layer_scale_init_value', 0.0) == (0.0 if row.grn else 1e-6)
    assert backbone.init_cfg == dict(
        type='Pretrained', checkpoint=f'work_dirs/{row.start}', prefix='backbone.'
    )
    source = Path(row.start).parent.name
    (trained_by,) = CONFIGS.glob(f'*/{source}.py')
    epochs = read_config(f'{trained_by.parent.name}/{trained_by.name}').train_cfg.max_epochs
    assert row.start.endswith(f'/epoch_{epochs}.pth'), f'{trained_by.name} leaves another file'


@every_transfer
def test_optimizer(row):
    cfg = load(row)
    wrapper = cfg.optim_wrapper
    assert (wrapper.type, wrapper.dtype) == ('AmpOptimWrapper', 'bfloat16')
    assert wrapper.optimizer == dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05)
    kind, decay = ('group', 0.95) if row in MASK_RCNN else ('stage', 0.9)
    layers = 12 if ARCHS[row.size]['depths'][2] > 9 else 6  # V1's, and the toolboxes'
    model, optimizer = optimizer_of(row)
    found = {id(p): group for group in optimizer.param_groups for p in group['params']}
    for name, parameter in model.named_parameters():
        group, layer = found[id(parameter)], layer_of(name, kind, layers)
        assert group['lr'] == pytest.approx(1e-4 * decay ** (layers + 1 - layer)), name
        assert group['weight_decay'] == (0.05 if parameter.ndim > 1 else 0.0), name


def layer_of(name: str, kind: str, layers: int) -> int:
    """Number layers as V1's constructors for detection and segmentation do."""
    match name.split('.')[:4]:
        case ['backbone', 'stages', stage, block]:
            by_group = {'0': 1, '1': 2, '2': 3 + int(block) // 3, '3': layers}
            return by_group[stage] if kind == 'group' else int(stage) + 1
        case ['backbone', 'downsample_layers', stage, *_]:
            return {'0': 0, '1': 2, '2': 3, '3': layers}[stage] if kind == 'group' else 0
        case _:
            return layers + 1


@every_detector
def test_coco_is_trained_for_36_epochs_of_32_images(row):
    cfg = load(row)
    assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 32
    assert (cfg.train_cfg.type, cfg.train_cfg.max_epochs) == ('EpochBasedTrainLoop', 36)


@every_detector
def test_coco_is_trained_with_large_scale_jitter(row):
    cfg = load(row)
    kinds = {step.type: step for step in cfg.train_dataloader.dataset.pipeline}
    assert list(kinds) == [
        'mmcnx2.LoadImageFromFile', 'LoadAnnotations', 'RandomResize', 'RandomCrop',
        'FilterAnnotations', 'RandomFlip', 'PackDetInputs',
    ]  # fmt: skip
    resize = kinds['RandomResize']
    assert (resize.scale, resize.ratio_range) == ((1024, 1024), (0.1, 2.0))
    assert kinds['RandomCrop'].crop_size == (1024, 1024)
    (pad,) = cfg.model.data_preprocessor.batch_augments
    assert (pad.type, pad.size) == ('mmcnx2.FixedSizePad', (1024, 1024))  # masks, too


@every_detector
def test_coco_is_tested_at_one_scale_with_soft_nms(row):
    cfg = load(row)
    resize = cfg.test_dataloader.dataset.pipeline[1]
    assert (resize.type, resize.scale, resize.keep_ratio) == ('Resize', (1333, 800), True)
    assert cfg.model.test_cfg.rcnn.nms.type == 'soft_nms'
    assert cfg.test_evaluator.metric == ['bbox', 'segm']
    assert cfg.model.num_classes == 80


@every_segmentor
def test_ade20k_is_trained_for_160k_steps_of_16_crops(row):
    cfg = load(row)
    assert 8 * cfg.train_dataloader.batch_size == cfg.auto_scale_lr.base_batch_size == 16
    assert (cfg.train_cfg.type, cfg.train_cfg.max_iters) == ('IterBasedTrainLoop', 160_000)
    side = row.pixels
    resize, crop = cfg.train_dataloader.dataset.pipeline[2:4]
    assert (resize.type, resize.scale) == ('RandomResize', (4 * side, side))
    assert resize.ratio_range == (0.5, 2.0)
    assert (crop.type, crop.crop_size, crop.cat_max_ratio) == ('RandomCrop', (side, side), 0.75)
    assert cfg.model.data_preprocessor.size == (side, side)


@every_segmentor
def test_ade20k_is_tested_at_one_scale_or_at_the_papers_five(row):
    cfg, side = load(row), row.pixels
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        resize = loader.dataset.pipeline[1]
        assert (resize.type, resize.scale, resize.keep_ratio) == ('Resize', (4 * side, side), True)
    scales, flips, *_ = cfg.tta_pipeline[1].transforms
    assert [scale.scale for scale in scales] == [
        (4 * side * eighths // 8, side * eighths // 8) for eighths in (6, 7, 8, 9, 10)
    ]
    assert [flip.prob for flip in flips] == [0.0, 1.0]
    crop, stride = (side, side), (side * 2 // 3, side * 2 // 3)
    assert cfg.model.test_cfg == dict(mode='slide', crop_size=crop, stride=stride)
    assert cfg.model.num_classes == 150


def test_coco_rate_rises_for_1000_steps_and_falls_tenfold_twice():
    cfg = load(MASK_RCNN[0])
    assert rate_at(cfg, 0) == pytest.approx(1e-7)
    assert rate_at(cfg, 999) == rate_at(cfg, 2600) == pytest.approx(1e-4)
    assert rate_at(cfg, 2700) == rate_at(cfg, 3200) == pytest.approx(1e-5)
    assert rate_at(cfg, 3300) == pytest.approx(1e-6)


def test_ade20k_rate_rises_for_1500_steps_and_falls_in_a_line():
    cfg = load(UPERNET[0])
    assert rate_at(cfg, 0) == pytest.approx(1e-10)
    assert rate_at(cfg, 1500) == pytest.approx(1e-4)
    assert rate_at(cfg, 17_350) == pytest.approx(0.9e-4, rel=1e-3)
