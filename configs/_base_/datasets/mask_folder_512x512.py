# Your own images and masks: a mask holds class numbers from 0, and 255 where nothing is trained.
# The class names are the lines of classes.txt, the first for 0. Images may be of any format.
_base_ = './ade20k_512x512.py'

data_root = 'data/my_masks'
normalize = None  # ImageNet's mean and deviation for 8-bit RGB, measured for anything else
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(reduce_zero_label=False)  # LoadAnnotations: ADE20K's 0 is no class
test_pipeline = _base_.test_pipeline
test_pipeline[2].update(reduce_zero_label=False)
tta_pipeline = _base_.tta_pipeline
tta_pipeline[1].transforms[2][0].update(reduce_zero_label=False)

train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        _delete_=True,
        type='mmcnx2.MaskFolderDataset',
        data_root=data_root,
        data_prefix=dict(img_path='images/train', seg_map_path='masks/train'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmcnx2.MaskFolderDataset',
        data_root=data_root,
        data_prefix=dict(img_path='images/val', seg_map_path='masks/val'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

# Says so, before it trains, if the model has another number of classes than the data.
custom_hooks = [dict(type='mmcnx2.ClassCountHook')]
