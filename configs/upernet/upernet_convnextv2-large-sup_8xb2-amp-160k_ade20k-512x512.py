# The same from supervised ImageNet-1K weights: the row that FCMAE is compared with.
_base_ = './upernet_convnextv2-large-fcmae_8xb2-amp-160k_ade20k-512x512.py'

checkpoint = 'work_dirs/convnextv2-large_64xb64-amp-coslr-300e_in1k/epoch_300.pth'
model = dict(backbone=dict(init_cfg=dict(checkpoint=checkpoint)))
