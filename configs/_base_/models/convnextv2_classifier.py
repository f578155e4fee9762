# A classifier. Another size changes backbone.arch alone, other classes num_classes alone:
# docs/finetune.md, One key is enough.
model = dict(
    type='mmcnx2.ImageClassifier',
    num_classes=1000,
    data_preprocessor=dict(
        type='mmcnx2.ClsDataPreprocessor',
        num_classes='model.num_classes',
        mean=[123.675, 116.28, 103.53],  # ImageNet's, RGB, 0..255
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
    ),
    backbone=dict(type='mmcnx2.ConvNeXtV2', arch='atto', gap_before_final_norm=True),
    head=dict(
        type='LinearClsHead',
        num_classes='model.num_classes',
        in_channels='backbone.channels[-1]',
        loss=dict(
            type='mmcnx2.LabelSmoothLoss', label_smooth_val=0.1, num_classes='model.num_classes'
        ),
        init_cfg=dict(type='TruncNormal', layer='Linear', std=0.02),
    ),
)
