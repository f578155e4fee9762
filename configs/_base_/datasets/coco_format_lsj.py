# Your own data in COCO's format. The class names are those of the training file's categories.
_base_ = './coco_instance_lsj.py'

data_root = 'data/my_coco'
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        type='mmcnx2.CocoFormatDataset',
        data_root=data_root,
        ann_file='annotations/train.json',
        data_prefix=dict(img='train/'),
    ),
)
val_dataloader = dict(
    dataset=dict(
        type='mmcnx2.CocoFormatDataset',
        data_root=data_root,
        ann_file='annotations/val.json',
        classes_from='annotations/train.json',
        data_prefix=dict(img='val/'),
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + '/annotations/val.json')
test_evaluator = val_evaluator

# Says so, before it trains, if the model has another number of classes than the data.
custom_hooks = [dict(type='NumClassCheckHook')]
