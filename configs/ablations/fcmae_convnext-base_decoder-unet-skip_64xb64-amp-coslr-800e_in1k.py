# Table 1a: UNet whose decoder sees every stage of the encoder.
_base_ = './fcmae_convnext-base_decoder-unet_64xb64-amp-coslr-800e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

model = dict(type='mmcnx2.SkipFCMAE', neck=dict(type='mmcnx2.SkipUNetDecoder'))
