# DeepSpeed's ZeRO 2 through mmengine; docs/scale.md says what it lacks beside ShardedRunner.
_base_ = './fcmae_convnextv2-huge_64xb64-amp-coslr-1600e_in1k.py'
runner_type = 'FlexibleRunner'
strategy = dict(
    type='DeepSpeedStrategy',
    zero_optimization=dict(stage=2),
    bf16=dict(enabled=True),
    inputs_to_half=['inputs'],
)
optim_wrapper = dict(
    _delete_=True,
    type='DeepSpeedOptimWrapper',
    optimizer=_base_.optim_wrapper.optimizer,
    paramwise_cfg=_base_.optim_wrapper.paramwise_cfg,
)
