_base_ = [
    '../_base_/models/mask_rcnn_convnextv2_fpn.py',
    '../_base_/datasets/scenes_det.py',
    '../_base_/schedules/mask_rcnn_12e.py',
    '../_base_/det_runtime.py',
]
model = dict(
    num_classes=10,
    rpn_head=dict(anchor_generator=dict(scales=[4])),  # objects of 16 px and more
    test_cfg=dict(rpn=dict(nms_pre=200, max_per_img=100)),  # a handful of objects an image
)
