# Table 13, large: it starts from the encoder, final norm included, that ImageNet-22K has seen.
_base_ = './convnextv2_finetune.py'

checkpoint = 'work_dirs/convnextv2-large_fcmae-pre_64xb64-amp-coslr-90e_in21k/epoch_90.pth'
model = dict(
    backbone=dict(arch='large', drop_path_rate=0.3, init_cfg=dict(checkpoint=checkpoint)),
)
