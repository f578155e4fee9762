# Table 13, base and large.
_base_ = './convnextv2_after-in21k_90e.py'

max_epochs = 30
optim_wrapper = dict(paramwise_cfg=dict(layer_decay_type='group', layer_decay_rate=0.8))
train_cfg = dict(max_epochs=max_epochs)
