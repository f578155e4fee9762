_base_ = [
    '../_base_/models/convnextv2_linear.py',
    '../_base_/datasets/imagenet_linear.py',
    '../_base_/schedules/linear_90e.py',
    '../_base_/default_runtime.py',
]
