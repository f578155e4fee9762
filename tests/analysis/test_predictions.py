"""Pictures of a validation set with the truth or with predictions on them, in their own colors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from demo.scenes import SceneSettings, build
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

import mmcnx2  # noqa: F401  (answers mmcv's operators before mmdet is imported)
from mmcnx2.analysis.predictions import draw_predictions, read_truth
from tests.support.toy_config import shrink

CONFIGS = Path(__file__).parents[2] / 'configs/demo'
DETECTION = 'mask-rcnn_convnextv2-mini_fpn_1xb8-12e_scenes.py'
SEGMENTATION = 'upernet_convnextv2-mini_1xb8-350i_scenes-96x96.py'


@pytest.fixture(scope='module')
def scenes(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('scenes')
    build(folder, SceneSettings(size=64, unlabelled=1, train=10, val=10), workers=1, progress=False)
    return folder


def read(name: str, scenes: Path) -> Config:
    cfg = Config.fromfile(CONFIGS / name)
    default = cfg.data_root
    data = cfg.val_dataloader.dataset
    data.data_root = data.data_root.replace(default, str(scenes))
    return cfg


@pytest.mark.parametrize('name', [DETECTION, SEGMENTATION])
def test_truth_is_drawn_over_enlarged_pictures(name, scenes):
    pictures, truth = read_truth(read(name, scenes), [0, 7], side=96)
    for picture, drawn in zip(pictures, truth, strict=True):
        assert picture.shape == drawn.shape == (96, 96, 3)
        assert picture.dtype == drawn.dtype == np.uint8
        changed = (drawn != picture[..., ::-1]).any(-1).mean()
        assert changed > 0.05, f'only {changed:.1%} of the pixels carry a label'


def test_a_detector_that_finds_nothing_shows_the_picture_in_its_colors(scenes, tmp_path):
    cfg = shrink(read(DETECTION, scenes))
    cfg.model.test_cfg.rcnn.score_thr = 2.0  # no score is that high
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), tmp_path / 'w.pth')
    pictures, _ = read_truth(cfg, [0, 3], side=96)
    drawn = draw_predictions(cfg, str(tmp_path / 'w.pth'), pictures)
    for picture, found in zip(pictures, drawn, strict=True):
        difference = np.abs(found.astype(int) - picture[..., ::-1]).mean()
        assert difference < 4, f'{difference:.1f} gray levels from the picture'


def test_a_segmenter_colors_every_picture(scenes, tmp_path):
    cfg = shrink(read(SEGMENTATION, scenes))
    with DefaultScope.overwrite_default_scope('mmseg'):
        model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), tmp_path / 'w.pth')
    pictures, _ = read_truth(cfg, [0], side=96)
    (drawn,) = draw_predictions(cfg, str(tmp_path / 'w.pth'), pictures)
    assert drawn.shape == (96, 96, 3)
    assert (drawn != pictures[0][..., ::-1]).any(-1).mean() > 0.9
