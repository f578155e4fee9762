# From scratch: what pre-training has to beat, with the same budget.
_base_ = [
    '../_base_/models/convnextv2-mini_classifier.py',
    '../_base_/datasets/scenes_cls_96px.py',
    '../_base_/schedules/convnextv2_50e_1xb15.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=15, drop_last=True)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=50, max_keep_ckpts=1))
