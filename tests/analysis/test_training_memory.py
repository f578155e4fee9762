"""What autograd keeps, counted without storage."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from mmcnx2.analysis.training_memory import (
    BYTES_A_PARAMETER,
    CUDA,
    OVERHEAD,
    TrainingMemory,
    kept_by,
    kept_in_training,
    measure_training_memory,
)
from tests.support.toy_config import shrink

CONFIGS = Path(__file__).parents[2] / 'configs'
DETECTION = 'mask_rcnn/mask-rcnn_convnextv2-atto-fcmae_fpn_lsj-3x_coco.py'
SEGMENTATION = 'upernet/upernet_convnextv2-atto-fcmae_8xb2-amp-160k_ade20k-512x512.py'


def toy(name: str) -> Config:
    cfg = shrink(Config.fromfile(CONFIGS / name))
    cfg.model.backbone.drop_path_rate = 0.0  # which blocks are dropped is drawn
    return cfg


@pytest.mark.parametrize('name', [DETECTION, SEGMENTATION], ids=['detection', 'segmentation'])
def test_tensors_without_storage_weigh_what_real_ones_do(name):
    cfg = toy(name)
    found = measure_training_memory(cfg, 96, 64)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model).train()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    images = torch.rand(4, 3, 96, 64)
    two, four = kept_in_training(model, images[:2]), kept_in_training(model, images)
    assert found.image == pytest.approx((four - two) / 2, rel=0.02)
    weights = found.state - BYTES_A_PARAMETER * parameters
    assert weights == pytest.approx(2 * parameters, rel=0.1), 'in bfloat16'
    assert found.recomputed == 0


def test_it_counts_what_a_linear_layer_keeps():
    layer = torch.nn.Linear(8, 4)
    x = torch.rand(5, 8, requires_grad=True)
    bfloat16 = 2
    assert kept_by(lambda: layer(x), layer) == bfloat16 * (5 * 8 + 8 * 4)


def test_checkpointing_keeps_less_and_recomputes_a_block():
    plain = measure_training_memory(toy(DETECTION), 64, 64)
    checkpointed = measure_training_memory(toy(DETECTION), 64, 64, checkpointing=True)
    assert checkpointed.image < plain.image
    assert 0 < checkpointed.recomputed < plain.image
    assert checkpointed.state <= plain.state


def test_what_fits_is_what_a_step_needs():
    memory = TrainingMemory(state=10**9, image=2 * 10**9, recomputed=10**8)
    assert memory.step(3) == pytest.approx(CUDA + 10**9 + 3 * OVERHEAD * 2.1e9)
    for gigabytes in (1, 8, 24):
        images = memory.fits(gigabytes * 1e9)
        assert images == 0 or memory.step(images) <= gigabytes * 1e9
        assert memory.step(images + 1) > gigabytes * 1e9


def test_mask_rcnn_base_needs_what_mmdet_reports():
    """22.5 GB for 4 images a GPU (its projects/ConvNeXt-V2)."""
    cfg = Config.fromfile(CONFIGS / DETECTION.replace('v2-atto-', 'v2-base-'))
    found = measure_training_memory(cfg, 1024, 1024)
    assert found.step(4) / 1e9 == pytest.approx(22.5, rel=0.1)


def test_a_classifier_is_refused():
    name = 'convnext_v2/convnextv2-atto_fcmae-pre_32xb32-amp-coslr-600e_in1k.py'
    with pytest.raises(ValueError, match='cannot compute the memory of a ImageClassifier'):
        measure_training_memory(shrink(Config.fromfile(CONFIGS / name)), 64, 64)
