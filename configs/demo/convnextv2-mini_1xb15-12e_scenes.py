# From scratch: what pre-training has to beat, with the same budget.
_base_ = [
    '../_base_/models/convnextv2_classifier.py',
    '../_base_/datasets/scenes_cls.py',
    '../_base_/schedules/convnextv2_50e.py',
    '../_base_/default_runtime.py',
]
max_epochs = 12

model = dict(
    data_preprocessor=dict(num_classes=10),
    backbone=dict(arch=dict(_delete_=True, depths=(1, 1, 3, 1), channels=(32, 64, 128, 256))),
    # Without it, so few steps hardly move the head, from a checkpoint or not.
    neck=dict(type='ClsBatchNormNeck', input_features=256),
    head=dict(num_classes=10, in_channels=256),
)
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(crop_ratio_range=(0.5, 1.0))  # RandomResizedCrop
train_dataloader = dict(
    batch_size=15, num_workers=1, drop_last=True, dataset=dict(pipeline=train_pipeline)
)
val_dataloader = dict(num_workers=1)
test_dataloader = val_dataloader
val_evaluator = dict(topk=(1,))
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(lr=1e-3))
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=1)
param_scheduler[1].update(begin=1, T_max=max_epochs - 1, end=max_epochs)
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
default_hooks = dict(
    logger=dict(interval=10),
    checkpoint=dict(interval=max_epochs, max_keep_ckpts=1),
)
auto_scale_lr = dict(base_batch_size=15)
