# For two CPU cores and pictures of 96 px: the encoder of fcmae_convnextv2-mini.py, narrow heads.
_base_ = './mask_rcnn_convnextv2_fpn.py'

width = 48
strides = [4, 8, 16, 32]
model = dict(
    num_classes=10,
    backbone=dict(
        arch=dict(_delete_=True, depths=(1, 1, 4), channels=(32, 64, 128)), out_indices=(0, 1, 2)
    ),
    neck=dict(out_channels=width, num_outs=4),
    rpn_head=dict(
        in_channels=width,
        feat_channels=width,
        anchor_generator=dict(scales=[4], strides=strides),  # objects of 16 px and more
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=width, featmap_strides=strides[:3], finest_scale=28),
        bbox_head=dict(in_channels=width, fc_out_channels=256),
        mask_roi_extractor=dict(out_channels=width, featmap_strides=strides[:3], finest_scale=28),
        mask_head=dict(in_channels=width, conv_out_channels=32, num_convs=2),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=400, max_per_img=200), rcnn=dict(sampler=dict(num=32))
    ),
    # A picture holds a handful of objects; more boxes would only make the evaluation slow.
    test_cfg=dict(rpn=dict(nms_pre=200, max_per_img=50), rcnn=dict(max_per_img=15)),
)
