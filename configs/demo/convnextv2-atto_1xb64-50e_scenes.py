# From scratch: what pre-training has to beat, with the same budget.
_base_ = [
    '../_base_/models/convnextv2_classifier.py',
    '../_base_/datasets/scenes_cls.py',
    '../_base_/schedules/convnextv2_50e.py',
    '../_base_/default_runtime.py',
]
model = dict(num_classes=10)
