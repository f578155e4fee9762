# The paper's ADE20K schedule (appendix A.4): 160k steps of 16 images, AdamW.
#
# It sweeps the rate over {1e-4, 2e-4, 3e-4}, the layer decay over {0.8, 0.9} and drop path over
# {0.1, 0.2, 0.3, 0.4} and does not say what it chose for which size. Rate and decay here are
# V1's: 1e-4 and 0.9, counted in stages; so are warm-up and the linear fall to zero.
# tools/analysis_tools/sweep.py repeats the sweep.
optim_wrapper = dict(
    type='AmpOptimWrapper',
    dtype='bfloat16',
    loss_scale=dict(enabled=False),  # bfloat16 has float32's range
    optimizer=dict(type='AdamW', lr=1e-4, betas=(0.9, 0.999), weight_decay=0.05),
    constructor='mmcnx2.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(layer_decay_type='stage', layer_decay_rate=0.9, flat_decay_mult=0.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1500),
    dict(type='mmcnx2.PolyLR', power=1.0, eta_min=0.0, by_epoch=False, begin=1500),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=160000, val_interval=16000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(base_batch_size=16)
