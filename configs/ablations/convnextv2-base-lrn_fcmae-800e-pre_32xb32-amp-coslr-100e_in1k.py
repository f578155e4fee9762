# Table 2d: local response normalization in GRN's place.
_base_ = './convnextv2-base_fcmae-800e-pre_32xb32-amp-coslr-100e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

before = 'fcmae_convnextv2-base-lrn_64xb64-amp-coslr-800e_in1k'
checkpoint = f'work_dirs/{before}/epoch_800.pth'
response = 'lrn'
model = dict(backbone=dict(response=response, init_cfg=dict(checkpoint=checkpoint)))
