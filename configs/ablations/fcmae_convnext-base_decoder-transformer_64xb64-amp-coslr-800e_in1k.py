# Table 1a: Transformer, of MAE's depth and heads.
_base_ = './fcmae_convnext-base_64xb64-amp-coslr-800e_in1k.py'
custom_imports = dict(imports=['mmcnx2', 'mmcnx2.rivals'])

model = dict(
    neck=dict(
        _delete_=True,
        type='mmcnx2.TransformerDecoder',
        in_channels='backbone.channels[-1]',
        patch_size='backbone.stride',
        embed_dims=512,
        depth=8,
        num_heads=16,
    )
)
