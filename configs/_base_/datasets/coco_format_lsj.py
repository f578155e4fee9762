# Your own data in COCO's format. The class names are those of the training file's categories.
# Where objects have no masks, boxes alone are loaded and scored.
_base_ = './coco_instance_lsj.py'

data_root = 'data/my_coco'
normalize = None  # ImageNet's mean and deviation for 8-bit RGB, measured for anything else
train_pipeline = _base_.train_pipeline
train_pipeline[1] = dict(type='mmcnx2.LoadObjects')
test_pipeline = _base_.test_pipeline
test_pipeline[2] = dict(type='mmcnx2.LoadObjects')
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        type='mmcnx2.CocoFormatDataset',
        data_root=data_root,
        ann_file='annotations/train.json',
        data_prefix=dict(img='train/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        type='mmcnx2.CocoFormatDataset',
        data_root=data_root,
        ann_file='annotations/val.json',
        classes_from='annotations/train.json',
        data_prefix=dict(img='val/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True,
    type='mmcnx2.CocoFormatMetric',
    ann_file=data_root + '/annotations/val.json',
)
test_evaluator = val_evaluator

# Says so, before it trains, if the model has another number of classes than the data.
custom_hooks = [dict(type='NumClassCheckHook')]
