# Table 1c: a decoder of width 1024.
_base_ = './fcmae_convnext-base_64xb64-amp-coslr-800e_in1k.py'

model = dict(neck=dict(embed_dims=1024))
