# For two CPU cores: crops of 96 px, at about the scale of the whole pictures that are scored.
_base_ = './scenes_cls.py'

train_pipeline = _base_.train_pipeline
train_pipeline[1].update(scale=96, crop_ratio_range=(0.4, 1.0))  # RandomResizedCrop
train_dataloader = dict(num_workers=1, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=1)
test_dataloader = val_dataloader
val_evaluator = dict(topk=(1,))
test_evaluator = val_evaluator
