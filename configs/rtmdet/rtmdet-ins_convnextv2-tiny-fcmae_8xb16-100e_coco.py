# Widths as in RTMDet-m. Another size: model.backbone.arch, its checkpoint, drop_path_rate, and
# num_csp_blocks: 1 to nano, 3 in base and large.
_base_ = [
    '../_base_/models/rtmdet-ins_convnextv2.py',
    '../_base_/datasets/coco_instance_mosaic.py',
    '../_base_/schedules/rtmdet_100e.py',
    '../_base_/det_runtime_ema.py',
]
checkpoint = 'work_dirs/fcmae_convnextv2-tiny_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(
        arch='tiny',
        drop_path_rate=0.4,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
    ),
    neck=dict(num_csp_blocks=2),
)
