# From scratch: what pre-training has to beat, with the same budget.
_base_ = '../upernet/upernet_convnextv2-atto_1xb8-2k_scenes-128x128.py'
max_iters = 600

model = dict(
    backbone=dict(arch=dict(_delete_=True, depths=(1, 1, 3, 1), channels=(32, 64, 128, 256))),
    decode_head=dict(in_channels=[32, 64, 128, 256], channels=64),
    auxiliary_head=dict(in_channels=128),
)
train_dataloader = dict(num_workers=1)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=max_iters))
