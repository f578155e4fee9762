# Table 13, base and large.
_base_ = './convnextv2_after-in21k_90e.py'

max_epochs = 30
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_type='group', layer_decay_rate=0.8))
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(T_max=max_epochs, end=max_epochs)
train_cfg = dict(max_epochs=max_epochs)
