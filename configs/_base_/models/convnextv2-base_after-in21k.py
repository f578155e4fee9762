# Table 13, base: it starts from the encoder, final norm included, that ImageNet-22K has seen.
_base_ = './convnextv2_finetune.py'

checkpoint = 'work_dirs/convnextv2-base_fcmae-pre_64xb64-amp-coslr-90e_in21k/epoch_90.pth'
model = dict(
    backbone=dict(arch='base', drop_path_rate=0.2, init_cfg=dict(checkpoint=checkpoint)),
)
