# Images of any dtype and number of channels, and their masks, from a pre-training on such: copy
# this file and change data_root and num_classes. Mean and deviation are those of the pre-training.
_base_ = [
    '../_base_/models/upernet_convnextv2_512x512.py',
    '../_base_/datasets/mask_folder_channels_512x512.py',
    '../_base_/schedules/upernet_20k.py',
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
