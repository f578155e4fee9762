# Table 13, nano: it starts from the encoder, final norm included, that ImageNet-22K has seen.
_base_ = './convnextv2_finetune.py'

checkpoint = 'work_dirs/convnextv2-nano_fcmae-pre_64xb64-amp-coslr-90e_in21k/epoch_90.pth'
model = dict(
    backbone=dict(arch='nano', drop_path_rate=0.1, init_cfg=dict(checkpoint=checkpoint)),
)
