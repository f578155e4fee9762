"""Toy models of every kind that has an export, in which every parameter matters."""

from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from mmcnx2.registry import MODELS
from tests.support.toy import randomize
from tests.support.toy_config import shrink

CONFIGS = Path(__file__).parents[2] / 'configs'
TOYS = dict(
    classifier='convnext_v2/convnextv2-atto_fcmae-pre_32xb512-linear-coslr-90e_in1k',
    detector='demo/mask-rcnn_convnextv2-mini_fpn_1xb8-12e_scenes',
    segmentor='demo/upernet_convnextv2-mini_1xb8-350i_scenes-96x96',
    features='fcmae/fcmae_convnextv2-atto_1xb64-100e_folder',
    reconstruction='fcmae/fcmae_convnextv2-atto_1xb64-100e_folder',
)


def toy_config(kind: str) -> Config:
    """Return the config of a toy."""
    return shrink(Config.fromfile(CONFIGS / f'{TOYS[kind]}.py'))


def of_two_stages(cfg: Config) -> Config:
    """Take two stages off a toy, in place: tracing and converting take as long as its graph.

    RTMDet, whose scores the last stages make different, loses a map instead.
    """
    model = cfg.model
    if 'bbox_head' in model:
        model.backbone.out_indices = (2, 3)
        model.neck.in_channels = model.neck.in_channels[1:]
        model.bbox_head.anchor_generator.strides = [16, 32]
        return cfg
    model.backbone.arch = dict(depths=[1, 1], channels=[8, 16])
    model.backbone.pop('frozen_stages', None)
    if 'out_indices' in model.backbone:
        model.backbone.out_indices = (0, 1)
    if 'roi_head' in model:
        model.neck.num_outs = 3
        model.rpn_head.anchor_generator.strides = [4, 8, 16]
        for name in ('bbox_roi_extractor', 'mask_roi_extractor'):
            model.roi_head[name].featmap_strides = [4, 8]
    elif 'decode_head' in model:
        model.decode_head.update(in_index=[0, 1], pool_scales=(1, 3))
        model.auxiliary_head.update(in_index=1, in_channels=16)
    return cfg


def build(cfg: Config) -> nn.Module:
    """Build a config's model with random parameters, in evaluation mode.

    They are small enough for boxes to stay within the picture, and large enough for no two sites to
    be alike, which RTMDet's norms of each map would make them.
    """
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = revert_sync_batchnorm(MODELS.build(cfg.model))
    randomize(model, std=0.1 if _has_boxes(cfg) else 0.3)
    model.eval()
    if cfg.default_scope == 'mmseg':
        images = pictures(1, 64, 64).permute(0, 3, 1, 2) / 64 - 2
        with torch.no_grad():  # else one class wins everywhere
            logits = model.encode_decode(images, [dict(img_shape=(64, 64))])
            model.decode_head.conv_seg.bias -= logits.mean((0, 2, 3))
    return model


def _has_boxes(cfg: Config) -> bool:
    return cfg.default_scope == 'mmdet' and cfg.model.neck.type == 'FPN'


def toy(kind: str) -> nn.Module:
    """Build a toy."""
    return build(toy_config(kind))


def pictures(n: int, height: int, width: int, seed: int = 0) -> Tensor:
    """Draw uint8 pictures ``(n, height, width, 3)``."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (n, height, width, 3), dtype=torch.uint8, generator=generator)


def run(program, *inputs: Tensor) -> dict[str, Tensor]:
    """Return what a program computes before it is traced, by name."""
    with torch.no_grad():
        return dict(zip(program.outputs, program(*inputs), strict=True))
