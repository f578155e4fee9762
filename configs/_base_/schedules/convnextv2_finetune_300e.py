# Fine-tuning after FCMAE, 1024 images a step (paper, Tables 9 to 11): tiny.
_base_ = './convnextv2_300e.py'

warmup_epochs = 40
lr = 8e-4 * 1024 / 256
optim_wrapper = dict(
    constructor='mmcnx2.LayerDecayOptimWrapperConstructor',
    optimizer=dict(lr=lr),
    paramwise_cfg=dict(layer_decay_type='single', layer_decay_rate=0.9),
)
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=warmup_epochs)
param_scheduler[1].update(eta_min_ratio=1e-6 / lr, begin=warmup_epochs)
auto_scale_lr = dict(base_batch_size=1024)
