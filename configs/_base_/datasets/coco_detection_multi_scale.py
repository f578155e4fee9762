# COCO's boxes, trained at a short side of 480 to 800 px, every other image cropped before, as DETR
# does; values are those of mmdet's configs/dino/dino-4scale_r50_8xb2-12e_coco.py. Tests take images
# whole at 1333x800 at most.
_base_ = './coco_instance_lsj.py'

sides = dict(
    type='RandomChoiceResize',
    scales=[(side, 1333) for side in range(480, 801, 32)],
    keep_ratio=True,
)
train_pipeline = [
    dict(type='mmcnx2.LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomFlip', prob=0.5),
    dict(
        type='RandomChoice',
        transforms=[
            [sides],
            [
                dict(
                    type='RandomChoiceResize',
                    scales=[(400, 4200), (500, 4200), (600, 4200)],
                    keep_ratio=True,
                ),
                dict(
                    type='RandomCrop',
                    crop_type='absolute_range',
                    crop_size=(384, 600),
                    allow_negative_crop=True,
                ),
                sides,
            ],
        ],
    ),
    dict(type='PackDetInputs'),
]
test_pipeline = _base_.test_pipeline
test_pipeline[2].update(with_mask=False)  # LoadAnnotations
train_dataloader = dict(
    batch_size=2,  # 8 GPUs: 16 images a step
    dataset=dict(filter_cfg=dict(filter_empty_gt=False), pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(metric='bbox')
test_evaluator = val_evaluator
