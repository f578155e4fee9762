_base_ = [
    '../_base_/models/upernet_convnextv2_512x512.py',
    '../_base_/datasets/ade20k_512x512.py',
    '../_base_/schedules/upernet_160k.py',
    '../_base_/seg_runtime_160k.py',
]
checkpoint = 'work_dirs/convnextv2-tiny_fcmae-pre_32xb32-amp-coslr-300e_in1k/epoch_300.pth'
model = dict(
    backbone=dict(
        arch='tiny',
        drop_path_rate=0.4,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
    ),
)
