"""Toy detectors of mmdet's other kinds on our backbone, their heads built as mmdet's configs do."""

import torch
from mmengine.config import Config

from mmcnx2.apis.exporting.detector import DetectorProgram
from tests.support.exports import pictures, run
from tests.support.toy_config import CHANNELS

WIDTH = 16
BATCH_NORM = dict(type='BN')
PREPROCESSOR = dict(
    type='mmdet.DetDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True, pad_size_divisor=32,
)  # fmt: skip
ANCHORS = dict(
    type='AnchorGenerator', octave_base_scale=4, scales_per_octave=3, ratios=[0.5, 1.0, 2.0],
    strides=[8, 16, 32, 64, 128],
)  # fmt: skip
ONE_ANCHOR = dict(
    type='AnchorGenerator', octave_base_scale=8, scales_per_octave=1, ratios=[1.0],
    strides=[8, 16, 32, 64, 128],
)  # fmt: skip
POINTS = dict(type='MlvlPointGenerator', offset=0, strides=[8, 16, 32])
DELTAS = dict(
    type='DeltaXYWHBBoxCoder', target_means=[0.0] * 4, target_stds=[0.1, 0.1, 0.2, 0.2]
)  # fmt: skip
FPN = dict(
    type='FPN', in_channels=list(CHANNELS[1:]), out_channels=WIDTH, start_level=0,
    add_extra_convs='on_output', num_outs=5,
)  # fmt: skip
PAFPN = dict(
    type='CSPNeXtPAFPN', in_channels=list(CHANNELS[1:]), out_channels=WIDTH, num_csp_blocks=1,
    norm_cfg=BATCH_NORM,
)  # fmt: skip
RTMDET_HEAD = dict(
    in_channels=WIDTH, feat_channels=WIDTH, stacked_convs=1, anchor_generator=POINTS,
    bbox_coder=dict(type='DistancePointBBoxCoder'), norm_cfg=BATCH_NORM, num_classes=10,
    loss_bbox=dict(type='GIoULoss'), loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True),
)  # fmt: skip
SMALL = dict(in_channels=WIDTH, feat_channels=WIDTH, stacked_convs=1, num_classes=10)
ONE_STAGE = dict(
    retinanet=dict(
        type='mmdet.RetinaNet', neck=FPN,
        bbox_head=dict(type='RetinaHead', **SMALL, anchor_generator=ANCHORS, bbox_coder=DELTAS),
    ),
    fcos=dict(type='mmdet.FCOS', neck=FPN, bbox_head=dict(
            type='FCOSHead', **SMALL, norm_cfg=BATCH_NORM, strides=[8, 16, 32, 64, 128]
        ),),
    atss=dict(
        type='mmdet.ATSS', neck=FPN,
        bbox_head=dict(
            type='ATSSHead', **SMALL, anchor_generator=ONE_ANCHOR, bbox_coder=DELTAS,
            norm_cfg=BATCH_NORM, reg_decoded_bbox=True, loss_bbox=dict(type='GIoULoss'),
        ),
    ),
    rtmdet=dict(
        type='mmdet.RTMDet', neck=PAFPN,
        bbox_head=dict(type='RTMDetSepBNHead', **RTMDET_HEAD, exp_on_reg=True),
    ),
    rtmdet_ins=dict(
        type='mmdet.RTMDet', neck=PAFPN,
        bbox_head=dict(
            type='RTMDetInsSepBNHead', **RTMDET_HEAD,
            loss_mask=dict(type='DiceLoss', loss_weight=2.0, eps=5e-6),
        ),
    ),
)  # fmt: skip
"""Name to model; what they share is added by :func:`one_stage_config`."""


def one_stage_config(name: str) -> Config:
    """Return the config of one of :data:`ONE_STAGE`."""
    backbone = dict(
        type='mmcnx2.ConvNeXtV2', arch=dict(depths=[1] * 4, channels=list(CHANNELS)),
        out_indices=(1, 2, 3),
    )  # fmt: skip
    test_cfg = dict(
        nms_pre=100, min_bbox_size=0, score_thr=0.3, nms=dict(type='nms', iou_threshold=0.6),
        max_per_img=20, mask_thr_binary=0.5,
    )  # fmt: skip
    shared = dict(backbone=backbone, data_preprocessor=PREPROCESSOR, test_cfg=test_cfg)
    return Config(dict(model=ONE_STAGE[name] | shared, default_scope='mmdet'))


def make_cascade(cfg: Config) -> Config:
    """Turn a Mask R-CNN in place into a cascade of three stages, each with a mask."""
    head = cfg.model.roi_head
    names = ('bbox_head', 'bbox_roi_extractor', 'mask_head', 'mask_roi_extractor')
    head.bbox_head.reg_class_agnostic = True
    head.update({name: [head[name]] * 3 for name in names})
    head.update(type='CascadeRoIHead', num_stages=3, stage_loss_weights=[1, 0.5, 0.25])
    cfg.model.train_cfg.rcnn = [cfg.model.train_cfg.rcnn] * 3
    return cfg


def assert_equal(program: DetectorProgram, *, least: int = 3) -> None:
    """Compare a program with mmdet's predictions of two pictures, object by object."""
    for height, width in ((96, 131), (64, 64)):
        images = pictures(1, height, width)
        found, expected = run(program, images), program.original(images)
        assert len(expected['labels']) >= least, 'nothing was compared'
        for name, value in expected.items():
            torch.testing.assert_close(found[name], value, atol=1e-4, rtol=1e-4, msg=name)
