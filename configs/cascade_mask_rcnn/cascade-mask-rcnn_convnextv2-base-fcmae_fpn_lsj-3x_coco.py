# Another size: model.backbone.arch, its checkpoint, and drop_path_rate as with Mask R-CNN.
_base_ = [
    '../_base_/models/cascade_mask_rcnn_convnextv2_fpn_lsj.py',
    '../_base_/datasets/coco_instance_lsj.py',
    '../_base_/schedules/mask_rcnn_lsj_3x.py',
    '../_base_/det_runtime.py',
]
checkpoint = 'work_dirs/fcmae_convnextv2-base_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(
        arch='base',
        drop_path_rate=0.4,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
    ),
)
