# Mask2Former for regions, as in mmseg's
# configs/mask2former/mask2former_r50_8xb2-160k_ade20k-512x512.py: tests take images whole.
#
# drop_path_rate is 0.1 to nano, as elsewhere here, and 0.3 above: Swin's, of every size, in mmseg's
# configs/mask2former/mask2former_swin-*.
_base_ = './mask2former_head.py'

model = dict(
    type='mmcnx2.EncoderDecoder',
    num_classes=150,
    data_preprocessor=dict(
        type='mmcnx2.SegDataPreProcessor',
        mean=[123.675, 116.28, 103.53],  # ImageNet's, RGB, 0..255
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=(512, 512),
        test_cfg=dict(size_divisor=32),  # the backbone's stride
    ),
    backbone=dict(type='mmcnx2.ConvNeXtV2', arch='atto', out_indices=(0, 1, 2, 3)),
    decode_head=dict(
        _base_.mask2former_head,
        type='mmcnx2.SemanticMask2FormerHead',
        num_classes='model.num_classes',
        align_corners=False,
        train_cfg=_base_.mask2former_train_cfg,
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
