# Table 3: V1.
_base_ = './fcmae_convnext-base_64xb64-amp-coslr-800e_in1k.py'

model = dict(backbone=dict(arch='large'))
