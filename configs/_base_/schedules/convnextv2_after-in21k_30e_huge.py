# Table 13, huge: its own layer decay, and no EMA.
_base_ = './convnextv2_after-in21k_30e.py'

optim_wrapper = dict(paramwise_cfg=dict(layer_decay_type='single', layer_decay_rate=0.85))
custom_hooks = []
