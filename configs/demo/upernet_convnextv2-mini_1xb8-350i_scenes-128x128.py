# From scratch: what pre-training has to beat, with the same budget.
_base_ = [
    '../_base_/models/upernet_convnextv2-mini.py',
    '../_base_/datasets/scenes_seg.py',
    '../_base_/schedules/upernet_2k.py',
    '../_base_/seg_runtime.py',
]
max_iters = 350
train_dataloader = dict(num_workers=1)
val_dataloader = dict(batch_size=8, num_workers=1)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=max_iters))
