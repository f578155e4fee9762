# For two CPU cores and pictures of 96 px: the encoder of fcmae_convnextv2-mini.py, a narrow head.
_base_ = './upernet_convnextv2.py'

model = dict(
    num_classes=16,
    data_preprocessor=dict(size=(96, 96)),
    backbone=dict(
        arch=dict(_delete_=True, depths=(1, 1, 4), channels=(32, 64, 128)), out_indices=(0, 1, 2)
    ),
    decode_head=dict(in_index=[0, 1, 2], channels=48),
    auxiliary_head=dict(channels=32),
)
