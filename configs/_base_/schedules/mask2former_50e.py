# Mask2Former on COCO: 50 epochs of 16 images, AdamW, 1e-4, drops at these shares, gradients clipped
# at 0.01, no weight decay of embeddings, as in mmdet's
# configs/mask2former/mask2former_r50_8xb2-lsj-50e_coco.py, which counts steps. A tenth of the rate
# for the backbone, which that has, gives way to layer decay, 0.95 a block, as in InternImage's
# segmentation/configs/ade20k/mask2former_internimage_h_896_80k_cocostuff2ade20k_ss.py. Warm-up and
# bfloat16 are this project's.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=dict(enabled=False),  # bfloat16 has float32's range
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05),
    clip_grad=dict(max_norm=0.01, norm_type=2),
    constructor='mmcnx2.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(
        layer_decay_type='single',
        layer_decay_rate=0.95,
        flat_decay_mult=0.0,
        custom_keys=dict(
            query_embed=dict(decay_mult=0.0),
            query_feat=dict(decay_mult=0.0),
            level_embed=dict(decay_mult=0.0),
        ),
    ),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(
        type='mmcnx2.MultiStepLR',
        by_epoch=True,
        milestones=[327778 / 368750, 355092 / 368750],
        gamma=0.1,
    ),
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=50, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(base_batch_size=16)
