# Table 2d: batch normalization in GRN's place.
_base_ = '../fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

response = 'bn'
model = dict(backbone=dict(response=response), neck=dict(response=response))
