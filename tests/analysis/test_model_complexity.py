"""What Tables 6 and 7 say that the models cost, and how it adds up."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmcnx2.analysis.model_complexity import measure_complexity
from mmcnx2.archs import ARCHS

CONFIGS = Path(__file__).parents[2] / 'configs'
MASK_RCNN = 'mask_rcnn/mask-rcnn_{}_fpn_lsj-3x_coco.py'
UPERNET = 'upernet/upernet_{}_8xb2-amp-160k_ade20k-512x512.py'
UPERNET_640 = 'upernet/upernet_{}_8xb2-amp-160k_ade20k-640x640.py'

# 10^9 multiply-adds; 10^6 parameters, which Table 6 does not have.
TABLE_6 = {
    'convnext-base-sup': 486, 'convnextv2-base-sup': 486, 'convnextv2-base-fcmae': 486,
    'convnext-large-sup': 875, 'convnextv2-large-sup': 875, 'convnextv2-large-fcmae': 875,
    'convnextv2-huge-fcmae': 2525,
}  # fmt: skip
TABLE_7 = {
    'convnext-base-sup': (122, 1170), 'convnextv2-base-sup': (122, 1170),
    'convnextv2-base-fcmae': (122, 1170), 'convnext-large-sup': (235, 1573),
    'convnextv2-large-sup': (235, 1573), 'convnextv2-large-fcmae': (235, 1573),
    'convnextv2-huge-fcmae': (707, 3272),
}  # fmt: skip


def load(name: str) -> Config:
    return Config.fromfile(CONFIGS / name)


def by_hand(arch: str, height: int, width: int) -> int:
    """Multiply-adds of the dense backbone: stem, downsamples, 7x7 and the two pointwise layers."""
    depths, channels = ARCHS[arch]['depths'], ARCHS[arch]['channels']
    total = 0
    for i, (depth, c) in enumerate(zip(depths, channels, strict=True)):
        sites = height * width // (4 * 2**i) ** 2
        entry = 3 * 4 * 4 * c if i == 0 else channels[i - 1] * 2 * 2 * c
        total += sites * (entry + depth * (49 * c + 2 * 4 * c * c))
    return total


@pytest.mark.parametrize('row', TABLE_6)
def test_mask_rcnn_costs_what_table_6_says(row):
    found = measure_complexity(load(MASK_RCNN.format(row)), 800, 1280)
    assert found.total / 1e9 == pytest.approx(TABLE_6[row], rel=0.01)


@pytest.mark.parametrize('row', TABLE_7)
def test_upernet_costs_what_table_7_says(row):
    parameters, flops = TABLE_7[row]
    found = measure_complexity(load(UPERNET.format(row)), 512, 2048)
    assert found.total / 1e9 == pytest.approx(flops, rel=0.01)
    assert found.parameters / 1e6 == pytest.approx(parameters, rel=0.01)


def test_upernet_at_640_px_costs_what_table_7_says():
    found = measure_complexity(load(UPERNET_640.format('convnextv2-huge-fcmae-in22k')), 640, 2560)
    assert found.total / 1e9 == pytest.approx(5113, rel=0.01)
    assert found.parameters / 1e6 == pytest.approx(707, rel=0.01)


def test_a_classifier_is_its_backbone_and_a_linear_layer():
    cfg = load('convnext_v2/convnextv2-atto_fcmae-pre_32xb32-amp-coslr-600e_in1k.py')
    found = measure_complexity(cfg, 96, 64)
    assert found.multiply_adds == dict(backbone=by_hand('atto', 96, 64), head=320 * 1000)
    assert found.parameters == 3_708_400


def test_pre_training_computes_visible_patches_only():
    cfg = load('fcmae/fcmae_convnextv2-atto_64xb64-amp-coslr-800e_in1k.py')
    found = measure_complexity(cfg, 224, 224)
    whole = by_hand('atto', 224, 224)
    assert found.multiply_adds['encoder'] == pytest.approx(whole * 19 / 49, rel=1e-6)
    width, patches = 512, 49
    a_patch = 320 * width + width * 49 + 8 * width * width + width * 3072
    assert found.multiply_adds['decoder'] == patches * a_patch


def test_a_size_below_the_stride_is_refused():
    cfg = load('mask_rcnn/mask-rcnn_convnextv2-atto-fcmae_fpn_lsj-3x_coco.py')
    with pytest.raises(ValueError, match='31x1280 px are smaller than the stride of 32'):
        measure_complexity(cfg, 31, 1280)
