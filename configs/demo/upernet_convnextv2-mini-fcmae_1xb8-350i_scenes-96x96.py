_base_ = './upernet_convnextv2-mini_1xb8-350i_scenes-96x96.py'

# The encoder of a pre-training run; the norms after the stages start new.
checkpoint = 'work_dirs/demo/pretraining/epoch_18.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'))
)
