# Fine-tuning on images of any dtype and number of channels, from a pre-training on such: copy this
# file and change data_root and num_classes. Mean and deviation are those of the pre-training.
_base_ = [
    '../_base_/models/convnextv2_finetune.py',
    '../_base_/datasets/folder_cls_channels.py',
    '../_base_/schedules/convnextv2_finetune_50e_small.py',
    '../_base_/default_runtime.py',
]
data_root = 'data/my_images'  # holds train/<class>/*.tif and val/<class>/*.tif
num_classes = 10

checkpoint = 'work_dirs/fcmae_convnextv2-atto_1xb64-100e_folder/epoch_100.pth'
model = dict(
    num_classes=num_classes,
    backbone=dict(drop_path_rate=0.1, init_cfg=dict(checkpoint=checkpoint)),
)
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
