# Fine-tuning on ImageNet-1K after ImageNet-22K, 512 images a step: Table 13, nano and tiny. The
# paper has one table for all resolutions. No warm-up.
_base_ = './convnextv2_finetune_300e.py'

max_epochs = 90
lr = 2.5e-5 * 512 / 256
optim_wrapper = dict(optimizer=dict(lr=lr, weight_decay=1e-8))
param_scheduler = _base_.param_scheduler[1:]
param_scheduler[0].update(eta_min_ratio=1e-6 / lr, begin=0)
train_cfg = dict(max_epochs=max_epochs)
auto_scale_lr = dict(base_batch_size=512)
