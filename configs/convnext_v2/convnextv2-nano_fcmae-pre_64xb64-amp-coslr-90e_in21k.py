_base_ = [
    '../_base_/models/convnextv2_finetune.py',
    '../_base_/datasets/imagenet21k_cls.py',
    '../_base_/schedules/convnextv2_in21k_90e.py',
    '../_base_/default_runtime.py',
]
checkpoint = 'work_dirs/fcmae_convnextv2-nano_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
# As many classes as ConvNeXt V1 counted. The release that you have may differ.
model = dict(
    num_classes=21841,
    backbone=dict(arch='nano', init_cfg=dict(checkpoint=checkpoint)),
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)
