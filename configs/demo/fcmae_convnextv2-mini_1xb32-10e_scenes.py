# The demo's pre-training: 3000 pictures of 128 px, 94 steps an epoch.
_base_ = [
    '../_base_/models/fcmae_convnextv2-mini.py',
    '../_base_/datasets/scenes_fcmae.py',
    '../_base_/schedules/fcmae_10e.py',
    '../_base_/default_runtime.py',
]
train_pipeline = _base_.train_pipeline
train_pipeline[1].update(crop_ratio_range=(0.4, 1.0))  # RandomResizedCrop
# One loader: decoding needs a tenth of a core.
train_dataloader = dict(batch_size=32, num_workers=1, dataset=dict(pipeline=train_pipeline))
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=10, max_keep_ckpts=1))
log_processor = dict(window_size=50)
