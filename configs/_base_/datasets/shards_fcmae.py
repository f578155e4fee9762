# The images of ImageNet, or any others, in the shards of tools/dataset_tools/make_shards.py.
_base_ = './imagenet_fcmae.py'

data_root = 'data/shards'  # or the http(s) address of such a folder
normalize = None  # ImageNet's mean and deviation for 8-bit RGB, measured for anything else
train_dataloader = dict(
    sampler=None,  # the data set shuffles, and shares images out to ranks and workers
    dataset=dict(
        _delete_=True,
        type='mmcnx2.ImageShards',
        data_root=data_root,
        pipeline=_base_.train_pipeline,
        max_unreadable=0.1,
    ),
)
custom_hooks = [dict(type='mmcnx2.ShardEpochHook')]
