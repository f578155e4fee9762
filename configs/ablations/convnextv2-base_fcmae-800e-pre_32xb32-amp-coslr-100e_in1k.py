# What the ablations fine-tune: V2 after 800 epochs, half of the main results'.
_base_ = '../convnext_v2/convnextv2-base_fcmae-pre_32xb32-amp-coslr-100e_in1k.py'

checkpoint = 'work_dirs/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k/epoch_800.pth'
model = dict(backbone=dict(init_cfg=dict(checkpoint=checkpoint)))
