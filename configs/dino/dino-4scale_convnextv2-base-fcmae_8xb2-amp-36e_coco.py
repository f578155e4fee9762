# Another size: model.backbone.arch, its checkpoint, and drop_path_rate.
_base_ = [
    '../_base_/models/dino_convnextv2.py',
    '../_base_/datasets/coco_detection_multi_scale.py',
    '../_base_/schedules/dino_36e.py',
    '../_base_/det_runtime.py',
]
checkpoint = 'work_dirs/fcmae_convnextv2-base_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(
        arch='base',
        drop_path_rate=0.2,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
    ),
)
