# Table 1a: UNet without skips.
_base_ = './fcmae_convnext-base_64xb64-amp-coslr-800e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

model = dict(
    neck=dict(
        _delete_=True,
        type='mmcnx2.UNetDecoder',
        in_channels='backbone.channels',
        patch_size='backbone.stride',
        use_grn=False,
    )
)
