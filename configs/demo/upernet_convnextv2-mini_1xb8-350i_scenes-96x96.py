# From scratch: what pre-training has to beat, with the same budget.
_base_ = [
    '../_base_/models/upernet_convnextv2-mini.py',
    '../_base_/datasets/scenes_seg_96px.py',
    '../_base_/schedules/upernet_2k.py',
    '../_base_/seg_runtime.py',
]
max_iters = 350
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=max_iters))
