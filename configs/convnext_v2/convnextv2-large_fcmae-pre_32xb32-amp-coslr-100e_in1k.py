_base_ = './convnextv2-base_fcmae-pre_32xb32-amp-coslr-100e_in1k.py'

checkpoint = 'work_dirs/fcmae_convnextv2-large_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(arch='large', drop_path_rate=0.2, init_cfg=dict(checkpoint=checkpoint)),
)
