_base_ = './mask-rcnn_convnextv2-mini_fpn_1xb8-12e_scenes.py'

# The encoder of a pre-training run; the norms after the stages start new.
checkpoint = 'work_dirs/demo/pretraining/epoch_18.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'))
)
