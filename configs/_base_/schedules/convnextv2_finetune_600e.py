# Tables 9 to 11: atto, femto, pico and nano. No warm-up.
_base_ = './convnextv2_finetune_300e.py'

max_epochs = 600
lr = 2e-4 * 1024 / 256
optim_wrapper = dict(optimizer=dict(lr=lr, weight_decay=0.3))
param_scheduler = _base_.param_scheduler[1:]
param_scheduler[0].update(eta_min_ratio=1e-6 / lr, begin=0)
train_cfg = dict(max_epochs=max_epochs)
