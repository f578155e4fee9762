# The 160k schedule for small data sets: 20k steps of 8 images.
_base_ = './mask2former_160k.py'

max_iters = 20000
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=500)
param_scheduler[1].update(begin=500)
train_cfg = dict(max_iters=max_iters, val_interval=2000)
auto_scale_lr = dict(base_batch_size=8)
