_base_ = [
    '../_base_/models/convnextv2-tiny_after-in21k.py',
    '../_base_/datasets/imagenet_cls_384px.py',
    '../_base_/schedules/convnextv2_after-in21k_90e.py',
    '../_base_/default_runtime.py',
]
