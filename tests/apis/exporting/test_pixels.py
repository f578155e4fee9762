"""Pictures are prepared as each toolbox's own preprocessor does it."""

import pytest
import torch
from mmengine.registry import DefaultScope

from mmcnx2.apis.exporting.pixels import Pixels
from mmcnx2.registry import MODELS
from tests.support.exports import pictures

MEAN, STD = [120.0, 110.0, 100.0], [50.0, 60.0, 70.0]
CASES = [
    ('mmpretrain', dict(type='ClsDataPreprocessor', to_rgb=True)),
    ('mmpretrain', dict(type='ClsDataPreprocessor', to_rgb=False)),
    ('mmpretrain', dict(type='SelfSupDataPreprocessor', to_rgb=True)),
    ('mmpretrain', dict(type='mmcnx2.ClsDataPreprocessor', to_rgb=True)),
    ('mmpretrain', dict(type='mmcnx2.SelfSupDataPreprocessor')),
    ('mmdet', dict(type='mmcnx2.DetDataPreprocessor', bgr_to_rgb=True, pad_size_divisor=32)),
    ('mmdet', dict(type='DetDataPreprocessor', bgr_to_rgb=True, pad_size_divisor=32)),
    ('mmdet', dict(type='DetDataPreprocessor', pad_size_divisor=32, pad_value=3)),
    ('mmseg', dict(type='SegDataPreProcessor', bgr_to_rgb=True, test_cfg=dict(size_divisor=32))),
    ('mmseg', dict(type='SegDataPreProcessor', size=(99, 99), pad_val=3)),
]


def build(scope: str, cfg: dict):
    with DefaultScope.overwrite_default_scope(scope):
        return MODELS.build(dict(cfg, mean=MEAN, std=STD))


@pytest.mark.parametrize(('scope', 'cfg'), CASES)
def test_equals_the_preprocessor_that_gets_bgr(scope, cfg):
    images = pictures(2, 41, 70)
    bgr = images.permute(0, 3, 1, 2).flip(1)
    preprocessor = build(scope, cfg)
    if scope == 'mmpretrain':
        expected = preprocessor(dict(inputs=bgr, data_samples=None))['inputs']
        expected = expected[0] if isinstance(expected, list) else expected
    else:
        import mmdet.structures
        import mmseg.structures

        sample = (mmdet.structures.DetDataSample if scope == 'mmdet'
                  else mmseg.structures.SegDataSample)  # fmt: skip
        samples = [sample(metainfo=dict(img_shape=(41, 70))) for _ in images]
        expected = preprocessor(dict(inputs=list(bgr), data_samples=samples))['inputs']
    assert torch.equal(Pixels(preprocessor)(images), expected)


def test_padding_to_a_size_is_refused():
    preprocessor = build('mmseg', dict(type='SegDataPreProcessor', test_cfg=dict(size=(64, 64))))
    with pytest.raises(ValueError, match=r'test_cfg\.size=\(64, 64\) pads to a size'):
        Pixels(preprocessor)
