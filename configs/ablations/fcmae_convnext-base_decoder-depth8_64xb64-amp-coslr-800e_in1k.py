# Table 1b: 8 blocks in the decoder.
_base_ = './fcmae_convnext-base_64xb64-amp-coslr-800e_in1k.py'

model = dict(neck=dict(depth=8))
