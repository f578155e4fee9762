# For two CPU cores and pictures of 128 px, as mask_rcnn_convnextv2-mini_fpn.py: its widths.
_base_ = './cascade_mask_rcnn_convnextv2_fpn_lsj.py'

width = 48
strides = [4, 8, 16, 32]
rois = dict(out_channels=width, featmap_strides=strides[:3], finest_scale=28)
heads = _base_.model.roi_head.bbox_head
stages = _base_.model.train_cfg.rcnn
for head in heads:
    head.update(in_channels=width, num_shared_convs=1, conv_out_channels=32, fc_out_channels=256)
for stage in stages:
    stage.sampler.update(num=32)
model = dict(
    num_classes=10,
    data_preprocessor=dict(batch_augments=None),
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
        bbox_roi_extractor=rois,
        bbox_head=heads,
        mask_roi_extractor=rois,
        mask_head=dict(in_channels=width, conv_out_channels=32, num_convs=2),
    ),
    train_cfg=dict(rpn_proposal=dict(nms_pre=400, max_per_img=200), rcnn=stages),
    # A picture holds a handful of objects; more boxes would only make the evaluation slow.
    test_cfg=dict(rpn=dict(nms_pre=200, max_per_img=50), rcnn=dict(max_per_img=15)),
)
