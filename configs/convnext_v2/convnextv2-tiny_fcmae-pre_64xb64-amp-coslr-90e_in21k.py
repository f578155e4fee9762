_base_ = './convnextv2-nano_fcmae-pre_64xb64-amp-coslr-90e_in21k.py'

checkpoint = 'work_dirs/fcmae_convnextv2-tiny_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(arch='tiny', init_cfg=dict(checkpoint=checkpoint)),
)
