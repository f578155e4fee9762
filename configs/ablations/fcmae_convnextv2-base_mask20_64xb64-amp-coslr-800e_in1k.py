# Figure 8: 20 % hidden.
_base_ = '../fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k.py'

model = dict(masking=dict(ratio=0.2))  # keeps floor(49 * 0.8) = 39 at 224 px
