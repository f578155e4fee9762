# Training from scratch, 4096 images a step. The paper has no table for its supervised models; these
# are the settings that ConvNeXt V1 was trained with for 300 epochs.
max_epochs = 300
warmup_epochs = 20
lr = 4e-3

optim_wrapper = dict(
    type='AmpOptimWrapper',
    constructor='mmcnx2.JoinedOptimWrapperConstructor',
    dtype='bfloat16',
    loss_scale=dict(enabled=False),  # bfloat16 has float32's range
    optimizer=dict(type='AdamW', lr=lr, betas=(0.9, 0.999), weight_decay=0.05),
    paramwise_cfg=dict(flat_decay_mult=0.0),  # none on biases, norms and GRN, all 1-D
)

# Both change the rate at every iteration.
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-9,  # from 0, which mmengine's product form cannot leave
        begin=0,
        end=warmup_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
    dict(
        type='mmcnx2.CosineAnnealingLR',  # to the end of the run, whatever its length
        # To 1e-6 where the rate is lr. A ratio, so that layers with a smaller rate fall as deep.
        eta_min_ratio=1e-6 / lr,
        begin=warmup_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]

# A decay of 0.9999. The averaged weights are those that are validated, tested and, as `state_dict`
# of each checkpoint, published.
custom_hooks = [dict(type='EMAHook', momentum=1 - 0.9999, priority='ABOVE_NORMAL')]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

# tools/train.py --auto-scale-lr multiplies the rate by (GPUs * batch_size) / this.
auto_scale_lr = dict(base_batch_size=4096)
