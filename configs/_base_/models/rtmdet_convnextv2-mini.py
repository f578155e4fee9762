# For two CPU cores and pictures of 128 px: the encoder of fcmae_convnextv2-mini.py, whose strides
# are 4, 8 and 16.
_base_ = './rtmdet_convnextv2.py'

model = dict(
    num_classes=10,
    data_preprocessor=dict(batch_augments=None),
    backbone=dict(
        arch=dict(_delete_=True, depths=(1, 1, 4), channels=(32, 64, 128)), out_indices=(0, 1, 2)
    ),
    bbox_head=dict(anchor_generator=dict(strides=[4, 8, 16])),
    test_cfg=dict(nms_pre=200, score_thr=0.05, max_per_img=15),  # a handful of objects a picture
)
