# Another size: model.backbone.arch, its checkpoint, and drop_path_rate.
_base_ = [
    '../_base_/models/mask2former_convnextv2_lsj.py',
    '../_base_/datasets/coco_instance_lsj.py',
    '../_base_/schedules/mask2former_50e.py',
    '../_base_/det_runtime.py',
]
checkpoint = 'work_dirs/fcmae_convnextv2-base_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(
        arch='base',
        drop_path_rate=0.3,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
    ),
)
train_dataloader = dict(batch_size=2)  # 8 GPUs: 16 images a step
