# What two CPU cores do in a few minutes: 32 images a step.
_base_ = './fcmae_100e.py'

max_epochs = 18
warmup_epochs = 2
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=warmup_epochs)
param_scheduler[1].update(begin=warmup_epochs)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
auto_scale_lr = dict(base_batch_size=32)
