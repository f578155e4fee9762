# For two CPU cores: crops of 96 px, at the scale of the pictures or a little larger.
_base_ = './scenes_fcmae.py'

train_pipeline = _base_.train_pipeline
train_pipeline[1].update(scale=96, crop_ratio_range=(0.3, 1.0))  # RandomResizedCrop
# One loader: decoding needs a tenth of a core.
train_dataloader = dict(num_workers=1, dataset=dict(pipeline=train_pipeline))
