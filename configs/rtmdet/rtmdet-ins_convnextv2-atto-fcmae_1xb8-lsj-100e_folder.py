# Your own data in COCO's format: copy this file and change data_root and num_classes.
_base_ = [
    '../_base_/models/rtmdet-ins_convnextv2.py',
    '../_base_/datasets/coco_format_lsj_640.py',
    '../_base_/schedules/rtmdet_100e_small.py',
    '../_base_/det_runtime_ema.py',
]
data_root = 'data/my_coco'  # holds annotations/train.json, annotations/val.json, train/, val/
num_classes = 10  # categories of annotations/train.json

checkpoint = 'work_dirs/fcmae_convnextv2-atto_1xb64-100e_folder/epoch_100.pth'
init_cfg = dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.')
model = dict(
    num_classes=num_classes,
    backbone=dict(drop_path_rate=0.1, init_cfg=init_cfg),
)
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + '/annotations/val.json')
test_evaluator = val_evaluator
