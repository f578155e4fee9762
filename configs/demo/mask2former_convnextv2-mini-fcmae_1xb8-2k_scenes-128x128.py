# The encoder of a pre-training run; the norms after the stages start new.
_base_ = [
    '../_base_/models/mask2former_convnextv2-mini_semantic.py',
    '../_base_/datasets/scenes_seg.py',
    '../_base_/schedules/upernet_2k.py',
    '../_base_/seg_runtime.py',
]
checkpoint = 'work_dirs/demo/pretraining/epoch_10.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'))
)
train_dataloader = dict(num_workers=1)
val_dataloader = dict(batch_size=8, num_workers=1)
test_dataloader = val_dataloader
optim_wrapper = dict(optimizer=dict(lr=1e-3), clip_grad=dict(max_norm=0.01, norm_type=2))
custom_imports = _base_.custom_imports
custom_imports.imports.append('mmcnx2.models.semantic_mask2former_head')
