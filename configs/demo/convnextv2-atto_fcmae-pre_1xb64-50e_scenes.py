_base_ = './convnextv2-atto_1xb64-50e_scenes.py'

# The encoder of a pre-training run; the final norm and the head start new.
checkpoint = 'work_dirs/fcmae_convnextv2-atto_1xb64-100e_scenes/epoch_100.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'))
)
