# A short detection schedule for small data sets: 8 images a step, a drop after 8 and 11 of 12
# epochs, or at these shares of another length.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='mmcnx2.JoinedOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(flat_decay_mult=0.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(type='mmcnx2.MultiStepLR', by_epoch=True, milestones=[8 / 12, 11 / 12], gamma=0.1),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=12, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(base_batch_size=8)
