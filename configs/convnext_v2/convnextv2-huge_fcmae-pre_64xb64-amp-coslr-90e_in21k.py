_base_ = './convnextv2-nano_fcmae-pre_64xb64-amp-coslr-90e_in21k.py'

checkpoint = 'work_dirs/fcmae_convnextv2-huge_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(arch='huge', drop_path_rate=0.3, init_cfg=dict(checkpoint=checkpoint)),
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_rate=0.8))
