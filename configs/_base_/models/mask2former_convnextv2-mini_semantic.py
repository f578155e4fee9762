# Mask2Former for regions on two CPU cores and pictures of 128 px.
_base_ = ['./mask2former_convnextv2.py', './mask2former_head-mini.py']

model = dict(
    num_classes=16,
    data_preprocessor=dict(size=(128, 128)),
    backbone=_base_.mini_backbone,
    decode_head=dict(_base_.mini_head, train_cfg=dict(num_points=1024)),
)
