# Figure 8: 10 % hidden.
_base_ = '../fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k.py'

model = dict(masking=dict(ratio=0.1))  # keeps floor(49 * 0.9) = 44 at 224 px
