# The same curve on one GPU: 64 images a step, and 5% of the epochs for the warm-up as at 800.
_base_ = './fcmae_800e.py'

max_epochs = 100
warmup_epochs = 5
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=warmup_epochs)
param_scheduler[1].update(begin=warmup_epochs)
optim_wrapper = dict(optimizer=dict(lr=1.5e-4 * 64 / 256))
auto_scale_lr = dict(base_batch_size=64)
