# COCO instance segmentation at 640 px, four images in one and two on top of each other, without
# both in the last tenth of the epochs; values are those of mmdet's
# configs/rtmdet/rtmdet-ins_s_8xb32-300e_coco.py, that tenth is that of V1 in
# configs/rtmdet/rtmdet_l_convnext_b_4xb32-100e_coco.py. Models from RTMDet-m on scale by 0.1 to 2.
#
# Mosaic and MixUp take the other images from what a loading process has loaded before: a run that
# goes on after an interruption begins with none.
_base_ = './coco_instance_lsj.py'

side = (640, 640)
gray = dict(img=(114, 114, 114))
load = [
    dict(type='mmcnx2.LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True, with_mask=True, poly2mask=False),
]
augment = [
    dict(
        type='RandomCrop',
        crop_size=side,
        recompute_bbox=True,
        allow_negative_crop=True,
    ),
    dict(type='YOLOXHSVRandomAug'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='Pad', size=side, pad_val=gray),
]
finish = [
    dict(type='FilterAnnotations', min_gt_bbox_wh=(1, 1)),
    dict(type='PackDetInputs'),
]
train_pipeline = [
    *load,
    dict(type='CachedMosaic', img_scale=side, pad_val=114.0),
    dict(type='RandomResize', scale=(1280, 1280), ratio_range=(0.5, 2.0), keep_ratio=True),
    *augment,
    dict(
        type='CachedMixUp',
        img_scale=side,
        ratio_range=(1.0, 1.0),
        max_cached_images=20,
        pad_val=(114, 114, 114),
    ),
    *finish,
]
last_pipeline = [
    *load,
    dict(type='RandomResize', scale=side, ratio_range=(0.5, 2.0), keep_ratio=True),
    *augment,
    *finish,
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=side, keep_ratio=True),
    dict(type='Pad', size=side, pad_val=gray),
    *_base_.test_pipeline[2:],
]
train_dataloader = dict(
    batch_size=16,  # 8 GPUs: 128 images a step
    num_workers=10,
    batch_sampler=None,
    dataset=dict(pipeline=train_pipeline),
)
val_dataloader = dict(batch_size=5, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(proposal_nums=(100, 1, 10))
test_evaluator = val_evaluator

custom_hooks = [
    dict(type='mmcnx2.PipelineSwitchHook', switch_epoch=0.9, switch_pipeline=last_pipeline)
]
