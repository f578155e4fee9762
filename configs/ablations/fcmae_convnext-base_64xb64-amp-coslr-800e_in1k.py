# Tables 1 and 3: V1, which has LayerScale instead of GRN; none of either in the decoder.
_base_ = '../fcmae/fcmae_convnextv2-base_64xb64-amp-coslr-800e_in1k.py'

model = dict(backbone=dict(use_grn=False, layer_scale_init_value=1e-6), neck=dict(use_grn=False))
