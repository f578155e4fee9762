# What two CPU cores pre-train in four minutes: 3000 pictures of 128 px, 94 steps an epoch.
_base_ = [
    '../_base_/models/fcmae_convnextv2.py',
    '../_base_/datasets/scenes_fcmae.py',
    '../_base_/schedules/fcmae_100e.py',
    '../_base_/default_runtime.py',
]
max_epochs = 18

# Half the cost of atto a step: few steps are worth more than width here.
model = dict(
    backbone=dict(arch=dict(_delete_=True, depths=(1, 1, 3, 1), channels=(32, 64, 128, 256))),
    neck=dict(in_channels=256, embed_dims=256),
)
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(crop_ratio_range=(0.4, 1.0))  # RandomResizedCrop
train_dataloader = dict(
    batch_size=32,
    num_workers=1,  # decoding needs a tenth of a core
    dataset=dict(pipeline=train_pipeline),
)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=1)
param_scheduler[1].update(begin=1, T_max=max_epochs - 1, end=max_epochs)
train_cfg = dict(max_epochs=max_epochs)
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=max_epochs, max_keep_ckpts=1),
)
log_processor = dict(window_size=50)
auto_scale_lr = dict(base_batch_size=32)
