_base_ = './fcmae_800e.py'

max_epochs = 1600
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(T_max=max_epochs - _base_.warmup_epochs, end=max_epochs)
