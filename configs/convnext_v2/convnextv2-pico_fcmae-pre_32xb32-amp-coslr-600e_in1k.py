_base_ = './convnextv2-femto_fcmae-pre_32xb32-amp-coslr-600e_in1k.py'

checkpoint = 'work_dirs/fcmae_convnextv2-pico_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(arch='pico', init_cfg=dict(checkpoint=checkpoint)),
)
optim_wrapper = dict(optimizer=dict(weight_decay=0.3))
