# COCO's things and stuff, trained with large-scale jitter; what differs from coco_instance_lsj.py
# is as in mmdet's configs/mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py. Scores need
# panopticapi.
_base_ = './coco_instance_lsj.py'

data_root = 'data/coco'
load = dict(type='LoadPanopticAnnotations', with_bbox=True, with_mask=True, with_seg=True)
train_pipeline = _base_.train_pipeline
train_pipeline[1] = load
test_pipeline = _base_.test_pipeline
test_pipeline[2] = load
train_dataloader = dict(
    dataset=dict(
        type='CocoPanopticDataset',
        ann_file='annotations/panoptic_train2017.json',
        data_prefix=dict(img='train2017/', seg='annotations/panoptic_train2017/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        type='CocoPanopticDataset',
        ann_file='annotations/panoptic_val2017.json',
        data_prefix=dict(img='val2017/', seg='annotations/panoptic_val2017/'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader
val_evaluator = [
    dict(
        type='CocoPanopticMetric',
        ann_file=data_root + '/annotations/panoptic_val2017.json',
        seg_prefix=data_root + '/annotations/panoptic_val2017',
    ),
    _base_.val_evaluator,
]
test_evaluator = val_evaluator
