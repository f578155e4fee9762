# The paper's pre-training schedule: 4096 images a step, 40 epochs of warm-up, then half a cosine.
max_epochs = 800
warmup_epochs = 40

optim_wrapper = dict(
    type='AmpOptimWrapper',
    constructor='mmcnx2.JoinedOptimWrapperConstructor',
    dtype='bfloat16',
    loss_scale=dict(enabled=False),  # bfloat16 has float32's range
    # 1.5e-4 per 256 images
    optimizer=dict(type='AdamW', lr=1.5e-4 * 4096 / 256, betas=(0.9, 0.95), weight_decay=0.05),
    # None on anything 1-D: biases, norms, GRN, the mask token. The official code decays GRN and the
    # mask token in pre-training, because there they are not 1-D, and stopped doing so afterwards.
    paramwise_cfg=dict(flat_decay_mult=0.0),
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
        eta_min=0.0,
        begin=warmup_epochs,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs)

# tools/train.py --auto-scale-lr multiplies the rate by (GPUs * batch_size) / this.
auto_scale_lr = dict(base_batch_size=4096)
