_base_ = [
    '../_base_/models/mask_rcnn_convnextv2_fpn_lsj.py',
    '../_base_/datasets/coco_instance_lsj.py',
    '../_base_/schedules/mask_rcnn_lsj_3x.py',
    '../_base_/det_runtime.py',
]
checkpoint = 'work_dirs/fcmae_convnextv2-large_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(
        arch='large',
        drop_path_rate=0.5,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
    ),
)
