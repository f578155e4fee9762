# UPerNet with an auxiliary FCN on stage 3. Another size changes backbone.arch alone, other classes
# num_classes alone: docs/finetune.md, One key is enough.
norm_cfg = dict(type='SyncBN', requires_grad=True)  # plain batch norm in a single process
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
        type='UPerHead',
        in_channels='backbone.out_channels',
        in_index=[0, 1, 2, 3],
        pool_scales=(1, 2, 3, 6),
        channels=512,
        dropout_ratio=0.1,
        num_classes='model.num_classes',
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=1.0),
    ),
    auxiliary_head=dict(
        type='FCNHead',
        in_channels='backbone.out_channels[2]',
        in_index=2,
        channels=256,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0.1,
        num_classes='model.num_classes',
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=False, loss_weight=0.4),
    ),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'),
)
