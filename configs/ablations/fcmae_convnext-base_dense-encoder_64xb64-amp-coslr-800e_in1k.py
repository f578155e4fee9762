# Section 3.1, without sparse convolution: the encoder computes hidden pixels, too, as zeros.
_base_ = './fcmae_convnext-base_64xb64-amp-coslr-800e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

model = dict(type='mmcnx2.DenseFCMAE')
