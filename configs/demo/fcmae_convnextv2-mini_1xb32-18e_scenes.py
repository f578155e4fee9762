# The demo's pre-training.
_base_ = [
    '../_base_/models/fcmae_convnextv2-mini.py',
    '../_base_/datasets/scenes_fcmae_96px.py',
    '../_base_/schedules/fcmae_18e.py',
    '../_base_/default_runtime.py',
]
train_dataloader = dict(batch_size=32)
default_hooks = dict(logger=dict(interval=10), checkpoint=dict(interval=18, max_keep_ckpts=1))
log_processor = dict(window_size=50)
