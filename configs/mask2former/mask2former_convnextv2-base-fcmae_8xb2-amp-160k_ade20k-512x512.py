# Another size: model.backbone.arch, its checkpoint, and drop_path_rate.
_base_ = [
    '../_base_/models/mask2former_convnextv2.py',
    '../_base_/datasets/ade20k_512x512.py',
    '../_base_/schedules/mask2former_160k.py',
    '../_base_/seg_runtime_160k.py',
]
checkpoint = 'work_dirs/convnextv2-base_fcmae-pre_32xb32-amp-coslr-100e_in1k/epoch_100.pth'
model = dict(
    backbone=dict(
        arch='base',
        drop_path_rate=0.3,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
    ),
)
custom_imports = _base_.custom_imports
custom_imports.imports.append('mmcnx2.models.semantic_mask2former_head')
