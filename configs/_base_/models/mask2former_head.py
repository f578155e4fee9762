# The head of Mask2Former (Cheng et al. 2022), for instances, things and stuff, or regions alike.
# Values are those of mmdet's configs/mask2former/mask2former_r50_8xb2-lsj-50e_coco.py and mmseg's
# configs/mask2former/mask2former_r50_8xb2-160k_ade20k-512x512.py, which agree in them.
embed_dims = 256
attention = dict(embed_dims=embed_dims, num_heads=8, batch_first=True)
positional_encoding = dict(num_feats=embed_dims // 2, normalize=True)
relu = dict(type='ReLU', inplace=True)
mask2former_head = dict(
    in_channels='backbone.out_channels',
    strides=[4, 8, 16, 32],
    feat_channels=embed_dims,
    out_channels=embed_dims,
    num_queries=100,
    num_transformer_feat_level=3,
    pixel_decoder=dict(
        type='mmdet.MSDeformAttnPixelDecoder',
        num_outs=3,
        norm_cfg=dict(type='GN', num_groups=32),
        act_cfg=dict(type='ReLU'),
        encoder=dict(
            num_layers=6,
            layer_cfg=dict(
                self_attn_cfg=dict(attention, num_levels=3, num_points=4, dropout=0.0),
                ffn_cfg=dict(
                    embed_dims=embed_dims,
                    feedforward_channels=1024,
                    num_fcs=2,
                    ffn_drop=0.0,
                    act_cfg=relu,
                ),
            ),
        ),
        positional_encoding=positional_encoding,
    ),
    enforce_decoder_input_project=False,
    positional_encoding=positional_encoding,
    transformer_decoder=dict(
        return_intermediate=True,
        num_layers=9,
        layer_cfg=dict(
            self_attn_cfg=attention,
            cross_attn_cfg=attention,
            ffn_cfg=dict(
                embed_dims=embed_dims,
                feedforward_channels=2048,
                num_fcs=2,
                ffn_drop=0.0,
                act_cfg=relu,
            ),
        ),
        init_cfg=None,
    ),
    no_object_weight=0.1,
    loss_cls=dict(
        type='mmdet.CrossEntropyLoss', use_sigmoid=False, loss_weight=2.0, reduction='mean'
    ),
    loss_mask=dict(
        type='mmdet.CrossEntropyLoss', use_sigmoid=True, reduction='mean', loss_weight=5.0
    ),
    loss_dice=dict(
        type='mmdet.DiceLoss',
        use_sigmoid=True,
        activate=True,
        reduction='mean',
        naive_dice=True,
        eps=1.0,
        loss_weight=5.0,
    ),
)
mask2former_train_cfg = dict(
    num_points=12544,
    oversample_ratio=3.0,
    importance_sample_ratio=0.75,
    assigner=dict(
        type='mmdet.HungarianAssigner',
        match_costs=[
            dict(type='mmdet.ClassificationCost', weight=2.0),
            dict(type='mmdet.CrossEntropyLossCost', weight=5.0, use_sigmoid=True),
            dict(type='mmdet.DiceCost', weight=5.0, pred_act=True, eps=1.0),
        ],
    ),
    sampler=dict(type='mmdet.MaskPseudoSampler'),
)
