# ImageNet-1K as linear probing sees it: crops and flips alone, 512 on each of 32 GPUs.
_base_ = './imagenet_cls.py'

train_pipeline = [
    dict(type='mmcnx2.LoadImageFromFile'),
    dict(type='RandomResizedCrop', scale=224, backend='pillow', interpolation='bicubic'),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs'),
]
train_dataloader = dict(batch_size=512, dataset=dict(pipeline=train_pipeline))
