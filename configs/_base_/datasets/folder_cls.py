# Your own classes: one folder of images each, in train/ and again in val/.
_base_ = './imagenet_cls.py'

data_root = 'data/my_images'
normalize = None  # ImageNet's mean and deviation for 8-bit RGB, measured for anything else
train_dataloader = dict(
    batch_size=64,
    drop_last=False,  # a small folder may hold less than one batch
    dataset=dict(
        _delete_=True,
        type='mmcnx2.ImageFolderLabelled',
        data_root=data_root,
        data_prefix='train',
        pipeline=_base_.train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmcnx2.ImageFolderLabelled',
        data_root=data_root,
        data_prefix='val',
        classes_from='train',
        pipeline=_base_.test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(topk=(1,))
test_evaluator = val_evaluator

# Says so, before it trains, if the model has another number of classes than there are folders.
custom_hooks = [dict(type='ClassNumCheckHook')]
