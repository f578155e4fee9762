# As coco_format_lsj.py, at RTMDet's 640 px.
_base_ = './coco_format_lsj.py'

size = (640, 640)
train_pipeline = _base_.train_pipeline
train_pipeline[2].update(scale=size)  # RandomResize
train_pipeline[3].update(crop_size=size)  # RandomCrop
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=size)  # Resize
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
