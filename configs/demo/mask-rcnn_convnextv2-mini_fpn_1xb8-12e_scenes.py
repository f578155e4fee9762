# From scratch: what pre-training has to beat, with the same budget.
_base_ = [
    '../_base_/models/mask_rcnn_convnextv2-mini_fpn.py',
    '../_base_/datasets/scenes_det_96px.py',
    '../_base_/schedules/mask_rcnn_12e.py',
    '../_base_/det_runtime.py',
]
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(val_interval=12)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=12, max_keep_ckpts=1))
