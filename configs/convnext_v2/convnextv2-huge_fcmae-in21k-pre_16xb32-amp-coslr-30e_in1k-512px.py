_base_ = [
    '../_base_/models/convnextv2-huge_after-in21k.py',
    '../_base_/datasets/imagenet_cls_512px.py',
    '../_base_/schedules/convnextv2_after-in21k_30e_huge.py',
    '../_base_/default_runtime.py',
]
