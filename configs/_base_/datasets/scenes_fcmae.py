# The unlabelled pictures of tools/dataset_tools/make_scenes.py, 128 px, in nested folders.
_base_ = './folder_fcmae.py'

data_root = 'data/scenes'
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(scale=128)  # RandomResizedCrop
train_dataloader = dict(
    num_workers=2,
    dataset=dict(data_root=data_root + '/unlabelled', pipeline=train_pipeline),
)
