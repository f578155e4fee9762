# Table 16c: X * N(X).
_base_ = '../fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

response = 'site_normalization'
model = dict(backbone=dict(response=response), neck=dict(response=response))
