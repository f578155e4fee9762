# For two CPU cores: pictures at three quarters of their size.
_base_ = './scenes_det.py'

train_pipeline, test_pipeline = _base_.train_pipeline, _base_.test_pipeline
train_pipeline[2].update(scale=(96, 96))  # Resize
test_pipeline[1].update(scale=(96, 96))
train_dataloader = dict(num_workers=1, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(num_workers=1, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
