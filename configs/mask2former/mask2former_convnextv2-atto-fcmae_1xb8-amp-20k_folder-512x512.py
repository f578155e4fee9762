# Your own images and masks: copy this file and change data_root and num_classes.
_base_ = [
    '../_base_/models/mask2former_convnextv2.py',
    '../_base_/datasets/mask_folder_512x512.py',
    '../_base_/schedules/mask2former_20k.py',
    '../_base_/seg_runtime_20k.py',
]
data_root = 'data/my_masks'  # holds classes.txt, images/train, images/val, masks/train, masks/val
num_classes = 10  # lines of classes.txt

checkpoint = 'work_dirs/fcmae_convnextv2-atto_1xb64-100e_folder/epoch_100.pth'
init_cfg = dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.')
model = dict(
    num_classes=num_classes,
    backbone=dict(drop_path_rate=0.1, init_cfg=init_cfg),
)
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
custom_imports = _base_.custom_imports
custom_imports.imports.append('mmcnx2.models.semantic_mask2former_head')
