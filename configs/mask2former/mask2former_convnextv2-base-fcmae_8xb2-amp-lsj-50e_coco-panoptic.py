# Things and stuff at once; masks of both are those of the things in the instances' scores.
_base_ = [
    '../_base_/models/mask2former_convnextv2_lsj.py',
    '../_base_/datasets/coco_panoptic_lsj.py',
    '../_base_/schedules/mask2former_50e.py',
    '../_base_/det_runtime.py',
]
checkpoint = 'work_dirs/fcmae_convnextv2-base_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
init_cfg = dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.')
stuff = dict(num_stuff_classes=53)
model = dict(
    num_classes=80,  # things
    data_preprocessor=dict(pad_seg=True, seg_pad_value=255),
    backbone=dict(arch='base', drop_path_rate=0.3, init_cfg=init_cfg),
    panoptic_head=stuff,
    panoptic_fusion_head=stuff,
    test_cfg=dict(panoptic_on=True),
)
train_dataloader = dict(batch_size=2)  # 8 GPUs: 16 images a step
