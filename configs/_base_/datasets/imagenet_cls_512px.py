_base_ = './imagenet_cls_384px.py'

size = 512
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(scale=size)  # RandomResizedCrop
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=(size, size))
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
