# Fine-tuning on ImageNet-22K between FCMAE and ImageNet-1K, 4096 images a step: Table 12. No EMA.
_base_ = './convnextv2_finetune_300e.py'

max_epochs = 90
warmup_epochs = 5
lr = 2.5e-4 * 4096 / 256
optim_wrapper = dict(
    optimizer=dict(lr=lr),
    paramwise_cfg=dict(layer_decay_rate=0.9),
)
param_scheduler = _base_.param_scheduler
param_scheduler[0].update(end=warmup_epochs)
param_scheduler[1].update(eta_min_ratio=1e-6 / lr, begin=warmup_epochs)
custom_hooks = []
train_cfg = dict(max_epochs=max_epochs)
val_cfg = None
test_cfg = None
auto_scale_lr = dict(base_batch_size=4096)
