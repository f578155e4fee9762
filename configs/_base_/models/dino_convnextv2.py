# DINO of four scales (Zhang et al. 2022). Values are those of mmdet's
# configs/dino/dino-4scale_r50_8xb2-12e_coco.py; pad_size_divisor is the backbone's stride, as in
# InternImage's detection/configs/coco/dino_4scale_internimage_t_1x_coco.py.
#
# drop_path_rate is 0.1 to nano, as elsewhere here, and 0.2 above: InternImage-T's, and Swin-L's in
# mmdet's configs/dino/dino-5scale_swin-l_8xb2-12e_coco.py.
num_levels = 4
embed_dims = 256  # mmdet's decoder knows no other
ffn_cfg = dict(embed_dims=embed_dims, feedforward_channels=2048, ffn_drop=0.0)
model = dict(
    type='mmcnx2.DINO',
    num_classes=80,
    num_queries=900,
    num_feature_levels=num_levels,
    with_box_refine=True,
    as_two_stage=True,
    data_preprocessor=dict(
        type='mmcnx2.DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],  # ImageNet's, RGB, 0..255
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=32,
    ),
    backbone=dict(type='mmcnx2.ConvNeXtV2', arch='atto', out_indices=(1, 2, 3)),
    neck=dict(
        type='ChannelMapper',
        in_channels='backbone.out_channels',
        kernel_size=1,
        out_channels=embed_dims,
        act_cfg=None,
        norm_cfg=dict(type='GN', num_groups=32),
        num_outs=num_levels,
    ),
    encoder=dict(
        num_layers=6,
        layer_cfg=dict(
            self_attn_cfg=dict(embed_dims=embed_dims, num_levels=num_levels, dropout=0.0),
            ffn_cfg=ffn_cfg,
        ),
    ),
    decoder=dict(
        num_layers=6,
        return_intermediate=True,
        layer_cfg=dict(
            self_attn_cfg=dict(embed_dims=embed_dims, num_heads=8, dropout=0.0),
            cross_attn_cfg=dict(embed_dims=embed_dims, num_levels=num_levels, dropout=0.0),
            ffn_cfg=ffn_cfg,
        ),
        post_norm_cfg=None,
    ),
    positional_encoding=dict(num_feats=embed_dims // 2, normalize=True, offset=0.0, temperature=20),
    bbox_head=dict(
        type='DINOHead',
        embed_dims=embed_dims,
        num_classes='model.num_classes',
        sync_cls_avg_factor=True,
        loss_cls=dict(type='FocalLoss', use_sigmoid=True, gamma=2.0, alpha=0.25, loss_weight=1.0),
        loss_bbox=dict(type='L1Loss', loss_weight=5.0),
        loss_iou=dict(type='GIoULoss', loss_weight=2.0),
    ),
    dn_cfg=dict(
        label_noise_scale=0.5,
        box_noise_scale=1.0,
        group_cfg=dict(dynamic=True, num_groups=None, num_dn_queries=100),
    ),
    train_cfg=dict(
        assigner=dict(
            type='HungarianAssigner',
            match_costs=[
                dict(type='FocalLossCost', weight=2.0),
                dict(type='BBoxL1Cost', weight=5.0, box_format='xywh'),
                dict(type='IoUCost', iou_mode='giou', weight=2.0),
            ],
        )
    ),
    test_cfg=dict(max_per_img=300),
)
