# Mask2Former for instances, as in mmdet's configs/mask2former/mask2former_r50_8xb2-lsj-50e_coco.py.
#
# drop_path_rate is 0.1 to nano, as elsewhere here, and 0.3 above: Swin's, of every size, in mmdet's
# configs/mask2former/mask2former_swin-*.
_base_ = './mask2former_head.py'

model = dict(
    type='mmcnx2.Mask2Former',
    num_classes=80,
    data_preprocessor=dict(
        type='mmcnx2.DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],  # ImageNet's, RGB, 0..255
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_mask=True,
        pad_size_divisor=32,  # the backbone's stride
        batch_augments=[dict(type='mmcnx2.FixedSizePad', size=(1024, 1024))],
    ),
    backbone=dict(type='mmcnx2.ConvNeXtV2', arch='atto', out_indices=(0, 1, 2, 3)),
    panoptic_head=dict(
        _base_.mask2former_head,
        type='mmcnx2.Mask2FormerHead',
        num_things_classes='model.num_classes',
        num_stuff_classes=0,
    ),
    panoptic_fusion_head=dict(
        type='MaskFormerFusionHead',
        num_things_classes='model.num_classes',
        num_stuff_classes=0,
        loss_panoptic=None,
    ),
    train_cfg=_base_.mask2former_train_cfg,
    test_cfg=dict(
        panoptic_on=False,
        semantic_on=False,
        instance_on=True,
        max_per_image=100,
        iou_thr=0.8,
        filter_low_score=True,
    ),
)
