# Table 2d: layer normalization in GRN's place.
_base_ = '../fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

response = 'ln'
model = dict(backbone=dict(response=response), neck=dict(response=response))
