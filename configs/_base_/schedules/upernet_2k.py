# A short segmentation schedule for small data sets: 8 images a step, a linear fall to zero.
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='mmcnx2.JoinedOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=2e-4, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(flat_decay_mult=0.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(type='mmcnx2.PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=100),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=2000, val_interval=500)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(base_batch_size=8)
