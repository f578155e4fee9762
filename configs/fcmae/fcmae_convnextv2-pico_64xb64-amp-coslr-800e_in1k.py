_base_ = [
    '../_base_/models/fcmae_convnextv2.py',
    '../_base_/datasets/imagenet_fcmae.py',
    '../_base_/schedules/fcmae_800e.py',
    '../_base_/default_runtime.py',
]
model = dict(backbone=dict(arch='pico'))
