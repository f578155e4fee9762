# DINO: 36 epochs of 16 images, AdamW, 1e-4, weight decay 1e-4, gradients clipped at 0.1, as in
# mmdet's configs/dino/dino-5scale_swin-l_8xb2-36e_coco.py. A tenth of the rate for the backbone,
# which that has, gives way to layer decay, 0.9 a block, after a warm-up of 500 steps, as in
# InternImage's detection/configs/coco/dino_4scale_internimage_{t,l}_1x_coco_layer_wise_lr.py.
# bfloat16 is this project's.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=dict(enabled=False),  # bfloat16 has float32's range
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    constructor='mmcnx2.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(layer_decay_type='single', layer_decay_rate=0.9, flat_decay_mult=0.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='mmcnx2.MultiStepLR', by_epoch=True, milestones=[27 / 36, 33 / 36], gamma=0.1),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=36, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(base_batch_size=16)
