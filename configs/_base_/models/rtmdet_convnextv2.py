# RTMDet (Lyu et al. 2022): one stage, anchor-free, small and fast. Values are those of mmdet's
# configs/rtmdet/rtmdet_l_8xb32-300e_coco.py. Its sizes differ by the width of neck and head, which
# is always that of the backbone's map of stride 8, and so follows backbone.arch here; by
# neck.num_csp_blocks (1 in tiny and s, 2 in m, 3 in l); and by bbox_head.exp_on_reg, which is off
# in tiny and s. As in its rtmdet_l_convnext_b_4xb32-100e_coco.py, images are normalized as the
# backbone's were; the 32 groups of group norm there do not divide atto's 80 channels.
#
# drop_path_rate is 0.1 to nano and 0.4 in tiny, as elsewhere here, and that config's 0.7 in base.
norm_cfg = dict(type='SyncBN')  # plain batch norm in a single process
act_cfg = dict(type='SiLU', inplace=True)
model = dict(
    type='mmcnx2.RTMDet',
    num_classes=80,
    data_preprocessor=dict(
        type='mmcnx2.DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],  # ImageNet's, RGB, 0..255
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_mask=True,
        pad_size_divisor=32,  # the backbone's stride
        batch_augments=[dict(type='mmcnx2.FixedSizePad', size=(640, 640))],
    ),
    backbone=dict(type='mmcnx2.ConvNeXtV2', arch='atto', out_indices=(1, 2, 3)),
    neck=dict(
        type='CSPNeXtPAFPN',
        in_channels='backbone.out_channels',
        out_channels='backbone.out_channels[0]',
        num_csp_blocks=1,
        expand_ratio=0.5,
        norm_cfg=norm_cfg,
        act_cfg=act_cfg,
    ),
    bbox_head=dict(
        type='RTMDetSepBNHead',
        num_classes='model.num_classes',
        in_channels='backbone.out_channels[0]',
        feat_channels='backbone.out_channels[0]',
        stacked_convs=2,
        anchor_generator=dict(type='MlvlPointGenerator', offset=0, strides=[8, 16, 32]),
        bbox_coder=dict(type='DistancePointBBoxCoder'),
        loss_cls=dict(type='QualityFocalLoss', use_sigmoid=True, beta=2.0, loss_weight=1.0),
        loss_bbox=dict(type='GIoULoss', loss_weight=2.0),
        with_objectness=False,
        share_conv=True,
        pred_kernel_size=1,
        norm_cfg=norm_cfg,
        act_cfg=act_cfg,
    ),
    train_cfg=dict(
        assigner=dict(type='DynamicSoftLabelAssigner', topk=13),
        allowed_border=-1,
        pos_weight=-1,
        debug=False,
    ),
    test_cfg=dict(
        nms_pre=30000,
        min_bbox_size=0,
        score_thr=0.001,
        nms=dict(type='nms', iou_threshold=0.65),
        max_per_img=300,
    ),
)
