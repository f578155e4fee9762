# ConvNeXt V1: LayerScale instead of GRN.
_base_ = './convnextv2-femto_64xb64-amp-coslr-300e_in1k.py'

model = dict(backbone=dict(use_grn=False, layer_scale_init_value=1e-6))
