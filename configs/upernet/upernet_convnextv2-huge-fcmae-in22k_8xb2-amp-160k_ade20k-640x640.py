# Table 7's last row: 640 px, from the encoder that has seen ImageNet-22K.
_base_ = [
    '../_base_/models/upernet_convnextv2_512x512.py',
    '../_base_/datasets/ade20k_640x640.py',
    '../_base_/schedules/upernet_160k.py',
    '../_base_/seg_runtime_160k.py',
]
checkpoint = 'work_dirs/convnextv2-huge_fcmae-pre_64xb64-amp-coslr-90e_in21k/epoch_90.pth'
model = dict(
    data_preprocessor=dict(size=_base_.crop_size),
    backbone=dict(
        arch='huge',
        drop_path_rate=0.4,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
    ),
    test_cfg=dict(crop_size=_base_.crop_size, stride=(426, 426)),
)
