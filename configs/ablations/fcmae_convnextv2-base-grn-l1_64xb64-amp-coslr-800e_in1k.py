# Table 2a: G is the L1 norm.
_base_ = '../fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

response = dict(type='grn_variant', aggregate='l1')
model = dict(backbone=dict(response=response), neck=dict(response=response))
