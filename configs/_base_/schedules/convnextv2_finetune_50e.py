# Tables 9 to 11: huge. Its 1.25e-3 per 256 images stands in the paper alone, which prints the rates
# of base and large ten times too large: try a lower one if this diverges.
_base_ = './convnextv2_finetune_300e.py'

max_epochs = 50
warmup_epochs = 10
lr = 1.25e-3 * 1024 / 256
optim_wrapper = dict(optimizer=dict(lr=lr), paramwise_cfg=dict(layer_decay_rate=0.75))
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=warmup_epochs)
param_scheduler[1].update(eta_min_ratio=1e-6 / lr, begin=warmup_epochs)
train_cfg = dict(max_epochs=max_epochs)
