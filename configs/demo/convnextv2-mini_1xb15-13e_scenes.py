# From scratch: what pre-training has to beat, with the same budget.
_base_ = [
    '../_base_/models/convnextv2-mini_classifier.py',
    '../_base_/datasets/scenes_cls.py',
    '../_base_/schedules/convnextv2_13e.py',
    '../_base_/default_runtime.py',
]
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(crop_ratio_range=(0.5, 1.0))  # RandomResizedCrop
train_dataloader = dict(
    batch_size=15, num_workers=1, drop_last=True, dataset=dict(pipeline=train_pipeline)
)
val_dataloader = dict(num_workers=1)
test_dataloader = val_dataloader
val_evaluator = dict(topk=(1,))
test_evaluator = val_evaluator
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=13, max_keep_ckpts=1))
