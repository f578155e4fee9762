# RTMDet on V1-B (mmdet's configs/rtmdet/rtmdet_l_convnext_b_4xb32-100e_coco.py): 100 epochs of 128
# images, AdamW, 1e-3, the second half of them along a cosine to a twentieth; layer decay 0.8, in
# groups. bfloat16 is this project's.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=dict(enabled=False),  # bfloat16 has float32's range
    optimizer=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), weight_decay=0.05),
    constructor='mmcnx2.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(
        layer_decay_type='group',
        layer_decay_rate=0.8,
        flat_decay_mult=0.0,
        bypass_duplicate=True,  # the levels share the convolutions of the head
    ),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-5, by_epoch=False, begin=0, end=1000),
    dict(
        type='mmcnx2.CosineAnnealingLR',
        begin=0.5,
        eta_min_ratio=0.05,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(base_batch_size=128)
