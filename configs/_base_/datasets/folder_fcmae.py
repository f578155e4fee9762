# Any images below one folder, without labels.
_base_ = './imagenet_fcmae.py'

data_root = 'data/images'
normalize = None  # ImageNet's mean and deviation for 8-bit RGB, measured for anything else
train_dataloader = dict(
    drop_last=False,  # a small folder may hold less than one batch
    dataset=dict(
        _delete_=True,
        type='mmcnx2.ImageFolderUnlabelled',
        data_root=data_root,
        pipeline=_base_.train_pipeline,
        max_unreadable=0.1,
    ),
)
