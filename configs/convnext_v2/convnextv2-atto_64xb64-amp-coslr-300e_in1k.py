_base_ = [
    '../_base_/models/convnextv2_classifier.py',
    '../_base_/datasets/imagenet_cls.py',
    '../_base_/schedules/convnextv2_300e.py',
    '../_base_/default_runtime.py',
]
# No source has the rates of atto, femto, pico and nano: these are their fine-tuning's.
model = dict(
    backbone=dict(drop_path_rate=0.1),
    train_cfg=dict(augments=[dict(type='Mixup', alpha=0.8), dict(type='CutMix', alpha=1.0)]),
)
train_dataloader = dict(batch_size=64)
