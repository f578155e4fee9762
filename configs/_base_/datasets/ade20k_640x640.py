_base_ = './ade20k_512x512.py'

size = 640
crop_size = (size, size)

train_pipeline = _base_.train_pipeline
train_pipeline[2].update(scale=(4 * size, size))  # RandomResize
train_pipeline[3].update(crop_size=crop_size)
test_pipeline = _base_.test_pipeline
test_pipeline[1].update(scale=(4 * size, size))  # Resize
tta_pipeline = _base_.tta_pipeline
tta_pipeline[1].transforms[0] = [
    dict(type='Resize', scale=(int(4 * size * r), int(size * r)), keep_ratio=True)
    for r in (0.75, 0.875, 1.0, 1.125, 1.25)
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
