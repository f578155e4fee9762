_base_ = [
    '../_base_/models/convnextv2_finetune.py',
    '../_base_/datasets/imagenet_cls.py',
    '../_base_/schedules/convnextv2_finetune_600e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    backbone=dict(drop_path_rate=0.1),
    head=dict(loss=dict(label_smooth_val=0.2)),
)
