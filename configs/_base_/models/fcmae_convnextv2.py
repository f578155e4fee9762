# FCMAE: the packed encoder sees visible 32-px patches only, the decoder predicts hidden ones.
# Another size changes backbone.arch alone: docs/finetune.md, One key is enough.
model = dict(
    type='mmcnx2.FCMAE',
    data_preprocessor=dict(
        type='mmcnx2.SelfSupDataPreprocessor',
        mean=[123.675, 116.28, 103.53],  # ImageNet's, RGB, 0..255
        std=[58.395, 57.12, 57.375],
        to_rgb=True,
    ),
    masking=dict(type='mmcnx2.RandomMasking', ratio=0.6),  # keeps floor(49 * 0.4) = 19 at 224 px
    backbone=dict(type='mmcnx2.ConvNeXtV2', arch='atto', layout='packed', final_norm=False),
    neck=dict(
        type='mmcnx2.FCMAEDecoder',
        in_channels='backbone.channels[-1]',
        embed_dims=512,
        depth=1,
        patch_size='backbone.stride',
        out_channels='backbone.in_channels',
    ),
    head=dict(type='mmcnx2.FCMAEPretrainHead', patch_size='backbone.stride', norm_pix=True),
)
