# A few hundred images on two CPU cores: 15 images a step, and one look at the score, at the end.
_base_ = './convnextv2_50e.py'

warmup_epochs = 1
train_cfg = dict(val_interval=50)
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=warmup_epochs)
param_scheduler[1].update(begin=warmup_epochs)
auto_scale_lr = dict(base_batch_size=15)
