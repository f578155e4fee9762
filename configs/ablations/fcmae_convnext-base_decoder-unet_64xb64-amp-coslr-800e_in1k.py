# Table 1a: UNet without skips.
_base_ = './fcmae_convnext-base_64xb64-amp-coslr-800e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

model = dict(
    neck=dict(
        _delete_=True,
        type='mmcnx2.UNetDecoder',
        in_channels=[128, 256, 512, 1024],  # of base
        use_grn=False,
    )
)
