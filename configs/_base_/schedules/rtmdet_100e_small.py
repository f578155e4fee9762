# The 100 epochs for small data sets: 8 images a step, whose square root the rate follows, and a
# warm-up of 100 steps.
_base_ = './rtmdet_100e.py'

optim_wrapper = dict(optimizer=dict(lr=1e-3 * (8 / 128) ** 0.5))
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=100)
train_cfg = dict(val_interval=1)
auto_scale_lr = dict(base_batch_size=8)
