# From 384 px on, the official test takes the whole image, resized to a square, and crops nothing.
_base_ = './imagenet_cls.py'

size = 384
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(scale=size)  # RandomResizedCrop
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(size, size), backend='pillow', interpolation='bicubic'),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
