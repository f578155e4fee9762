_base_ = './convnextv2-mini_1xb15-50e_scenes.py'

# The encoder of a pre-training run; the final norm and the head start new.
checkpoint = 'work_dirs/demo/pretraining/epoch_18.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'))
)
