# As mask_folder_512x512.py, for images of any dtype and number of channels: without
# PhotoMetricDistortion, which changes the colors of 8 bits.
_base_ = './mask_folder_512x512.py'

train_pipeline = [
    dict(type='mmcnx2.LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='RandomResize', scale=(2048, 512), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type='RandomCrop', crop_size=(512, 512), cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
