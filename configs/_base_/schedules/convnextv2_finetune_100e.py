# Tables 9 to 11: base and large. The paper prints 6.25e-3 per 256 images; the official command has
# a tenth of it, and so has mmpretrain, with 2.5e-3 at 1024 images.
_base_ = './convnextv2_finetune_300e.py'

max_epochs = 100
warmup_epochs = 20
lr = 6.25e-4 * 1024 / 256
optim_wrapper = dict(
    optimizer=dict(lr=lr),
    paramwise_cfg=dict(layer_decay_type='group', layer_decay_rate=0.6),
)
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=warmup_epochs)
param_scheduler[1].update(eta_min_ratio=1e-6 / lr, begin=warmup_epochs)
train_cfg = dict(max_epochs=max_epochs)
