# The classifier on the encoder of fcmae_convnextv2-mini.py, for the ten classes of the scenes.
_base_ = './convnextv2_classifier.py'

model = dict(
    num_classes=10,
    backbone=dict(arch=dict(_delete_=True, depths=(1, 1, 4), channels=(32, 64, 128))),
    # Without it, few steps hardly move the head, from a checkpoint or not.
    neck=dict(type='ClsBatchNormNeck', input_features='backbone.channels[-1]'),
)
