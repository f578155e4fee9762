# The 36 epochs for small data sets: 8 images a step, and a warm-up of 100 steps.
_base_ = './dino_36e.py'

param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=100)
auto_scale_lr = dict(base_batch_size=8)
