# The encoder of a pre-training run; the norms after the stages start new.
_base_ = [
    '../_base_/models/rtmdet_convnextv2-mini.py',
    '../_base_/datasets/scenes_det.py',
    '../_base_/schedules/mask_rcnn_12e.py',
    '../_base_/det_runtime_ema.py',
]
checkpoint = 'work_dirs/demo/pretraining/epoch_10.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'))
)
train_dataloader = dict(num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=1e-3), paramwise_cfg=dict(bypass_duplicate=True))
train_cfg = dict(val_interval=12)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=12, max_keep_ckpts=1))
val_evaluator = dict(metric='bbox')
test_evaluator = val_evaluator
