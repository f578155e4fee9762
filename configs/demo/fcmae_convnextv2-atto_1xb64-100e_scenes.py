_base_ = [
    '../_base_/models/fcmae_convnextv2.py',
    '../_base_/datasets/scenes_fcmae.py',
    '../_base_/schedules/fcmae_100e.py',
    '../_base_/default_runtime.py',
]
model = dict(neck=dict(embed_dims=256))
optim_wrapper = dict(optimizer=dict(lr=1e-3))  # 47 steps an epoch: far fewer than on ImageNet

# How good are the features so far? Every ten epochs, nearest neighbors among labelled pictures.
labelled = dict(
    type='CustomDataset', pipeline=[dict(type='LoadImageFromFile'), dict(type='PackInputs')]
)
custom_hooks = [
    dict(
        type='mmcnx2.KNNHook',
        queries=dict(labelled, data_root=_base_.data_root + '/imagenet/val'),
        bank=dict(labelled, data_root=_base_.data_root + '/imagenet/train'),
    )
]
