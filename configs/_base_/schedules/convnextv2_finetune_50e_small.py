# Fine-tuning on a small data set, 64 images a step: a short schedule, and the paper's layer decay
# for all sizes but base and large. No EMA: a decay of 0.9999 would average over 10000 steps.
_base_ = './convnextv2_50e.py'

optim_wrapper = dict(
    constructor='mmcnx2.LayerDecayOptimWrapperConstructor',
    paramwise_cfg=dict(layer_decay_type='single', layer_decay_rate=0.9),
)
