# FCMAE: the packed encoder sees visible 32-px patches only, the decoder predicts hidden ones.
# Another size changes backbone.arch and, with it, neck.in_channels, the encoder's last width.
model = dict(
    type='mmcnx2.FCMAE',
    data_preprocessor=dict(
        type='SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],  # ImageNet's, RGB, 0..255
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
        non_blocking=True,
    ),
    masking=dict(type='mmcnx2.RandomMasking', ratio=0.6),  # keeps floor(49 * 0.4) = 19 at 224 px
    backbone=dict(type='mmcnx2.ConvNeXtV2', arch='atto', layout='packed', final_norm=False),
    neck=dict(
        type='mmcnx2.FCMAEDecoder',
        in_channels=320,
        embed_dims=512,
        depth=1,
        patch_size=32,
        out_channels=3,
    ),
    head=dict(type='mmcnx2.FCMAEPretrainHead', patch_size=32, norm_pix=True),
)
