_base_ = [
    '../_base_/models/convnextv2_finetune.py',
    '../_base_/datasets/imagenet_cls.py',
    '../_base_/schedules/convnextv2_finetune_100e.py',
    '../_base_/default_runtime.py',
]
checkpoint = 'work_dirs/fcmae_convnextv2-base_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(arch='base', drop_path_rate=0.1, init_cfg=dict(checkpoint=checkpoint)),
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)
