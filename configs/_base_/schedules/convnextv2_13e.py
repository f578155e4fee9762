# A few hundred images on two CPU cores: 15 images a step.
_base_ = './convnextv2_50e.py'

max_epochs = 13
warmup_epochs = 1
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=warmup_epochs)
param_scheduler[1].update(begin=warmup_epochs)
auto_scale_lr = dict(base_batch_size=15)
