# Mask2Former for instances on two CPU cores and pictures of 128 px.
_base_ = ['./mask2former_convnextv2_lsj.py', './mask2former_head-mini.py']

model = dict(
    num_classes=10,
    data_preprocessor=dict(batch_augments=None),
    backbone=_base_.mini_backbone,
    panoptic_head=_base_.mini_head,
    train_cfg=dict(num_points=1024),
    test_cfg=dict(max_per_image=15),  # a handful of objects a picture
)
