# As coco_instance_mosaic.py, for boxes alone.
_base_ = './coco_instance_mosaic.py'

train_pipeline = _base_.train_pipeline
last_pipeline = _base_.last_pipeline
for pipeline in (train_pipeline, last_pipeline):
    pipeline[1] = dict(type='LoadAnnotations', with_bbox=True)
test_pipeline = _base_.test_pipeline
test_pipeline[3].update(with_mask=False)  # LoadAnnotations
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(metric='bbox')
test_evaluator = val_evaluator

custom_hooks = _base_.custom_hooks
custom_hooks[0].update(switch_pipeline=last_pipeline)
