# Figure 8: 70 % hidden.
_base_ = '../fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k.py'

model = dict(masking=dict(ratio=0.7))  # keeps floor(49 * 0.3) = 14 at 224 px
