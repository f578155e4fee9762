# V1: Table 3.
_base_ = './convnextv2-large_fcmae-800e-pre_32xb32-amp-coslr-100e_in1k.py'

checkpoint = 'work_dirs/fcmae_convnext-large_64xb64-amp-coslr-800e_in1k/epoch_800.pth'
model = dict(
    backbone=dict(use_grn=False, layer_scale_init_value=1e-6, init_cfg=dict(checkpoint=checkpoint))
)
