"""What a config's test pipeline says of sizes."""

import pytest
from mmengine.config import Config

from mmcnx2.apis.exporting.preparation import preparation
from tests.support.exports import CONFIGS

BILINEAR = dict(smooth='bilinear')


@pytest.mark.parametrize(
    ('name', 'steps'),
    [
        (
            'convnext_v2/convnextv2-atto_fcmae-pre_32xb32-amp-coslr-600e_in1k',
            [dict(step='short_side', size=256, smooth='bicubic'),
             dict(step='middle', size=224) | BILINEAR],
        ),
        (
            'convnext_v2/convnextv2-huge_fcmae-in21k-pre_16xb32-amp-coslr-30e_in1k-512px',
            [dict(step='stretch', size=[512, 512], smooth='bicubic')],
        ),
        (
            'mask_rcnn/mask-rcnn_convnextv2-atto-fcmae_fpn_lsj-3x_coco',
            [dict(step='fit', size=[1333, 800]) | BILINEAR],
        ),
        ('fcmae/fcmae_convnextv2-atto_1xb64-100e_folder', []),
    ],
)  # fmt: skip
def test_the_steps_of_our_recipes(name, steps):
    assert preparation(Config.fromfile(CONFIGS / f'{name}.py')) == steps


def test_a_wrapped_dataset_is_looked_into():
    pipeline = [dict(type='LoadImageFromFile'), dict(type='Resize', scale=64)]
    dataset = dict(type='RepeatDataset', dataset=dict(type='Any', pipeline=pipeline))
    cfg = Config(dict(val_dataloader=dict(dataset=dataset)))
    assert preparation(cfg) == [dict(step='stretch', size=[64, 64]) | BILINEAR]
