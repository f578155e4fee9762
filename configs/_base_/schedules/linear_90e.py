# Linear probing as MAE does it (He et al. 2021, appendix A.1), 16384 images a step; the ConvNeXt V2
# paper has none. LARS adapts the rate of matrices alone, nothing decays, nothing is averaged.
_base_ = './convnextv2_300e.py'

max_epochs = 90
warmup_epochs = 10
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True, type='LARS', lr=0.1 * 16384 / 256, momentum=0.9, weight_decay=0.0
    ),
    paramwise_cfg=dict(_delete_=True, custom_keys={'.bias': dict(lars_exclude=True)}),
)
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=warmup_epochs)
param_scheduler[1].update(eta_min_ratio=0.0, begin=warmup_epochs)
custom_hooks = []
train_cfg = dict(max_epochs=max_epochs)
auto_scale_lr = dict(base_batch_size=16384)
