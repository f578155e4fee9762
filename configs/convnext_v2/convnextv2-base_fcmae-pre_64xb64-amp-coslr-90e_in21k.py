_base_ = './convnextv2-nano_fcmae-pre_64xb64-amp-coslr-90e_in21k.py'

checkpoint = 'work_dirs/fcmae_convnextv2-base_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(arch='base', drop_path_rate=0.1, init_cfg=dict(checkpoint=checkpoint)),
)
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_type='group', layer_decay_rate=0.8))
