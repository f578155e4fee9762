# Table 2b: N is one over the sum over channels, scaled by their number as in GRN.
_base_ = '../fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

response = dict(type='grn_variant', normalize='inverse_mean')
model = dict(backbone=dict(response=response), neck=dict(response=response))
