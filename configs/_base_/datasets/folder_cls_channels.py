# As folder_cls.py, for images of any dtype and number of channels: crops and flips alone, as what
# changes the colors of 8 bits means nothing there.
_base_ = './folder_cls.py'

train_pipeline = [
    dict(type='mmcnx2.LoadEncodedImage'),
    dict(type='mmcnx2.DecodeRandomResizedCrop', scale=224, flip_prob=0.5),
    dict(type='PackInputs'),
]
test_pipeline = [
    dict(type='mmcnx2.LoadImageFromFile'),
    dict(type='ResizeEdge', scale=256, edge='short', backend='cv2', interpolation='area'),
    dict(type='CenterCrop', crop_size=224),
    dict(type='PackInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
