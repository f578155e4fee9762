# From scratch: what pre-training has to beat, with the same budget.
_base_ = '../mask_rcnn/mask-rcnn_convnextv2-atto_fpn_1xb8-12e_scenes.py'
max_epochs = 6

model = dict(
    backbone=dict(arch=dict(_delete_=True, depths=(1, 1, 3, 1), channels=(32, 64, 128, 256))),
    neck=dict(in_channels=[32, 64, 128, 256]),
)
train_dataloader = dict(num_workers=1)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=max_epochs, milestones=[4])
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
default_hooks = dict(checkpoint=dict(interval=max_epochs))
