_base_ = [
    '../_base_/models/upernet_convnextv2.py',
    '../_base_/datasets/scenes_seg.py',
    '../_base_/schedules/upernet_2k.py',
    '../_base_/seg_runtime.py',
]
model = dict(
    num_classes=16,
    data_preprocessor=dict(size=(128, 128)),
    decode_head=dict(channels=128),
    auxiliary_head=dict(channels=64),
)
