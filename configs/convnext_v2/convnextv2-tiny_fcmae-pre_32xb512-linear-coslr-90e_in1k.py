_base_ = './convnextv2-atto_fcmae-pre_32xb512-linear-coslr-90e_in1k.py'

checkpoint = 'work_dirs/fcmae_convnextv2-tiny_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(arch='tiny', init_cfg=dict(checkpoint=checkpoint)),
)
