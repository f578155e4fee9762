# ConvNeXt V1, without GRN: do its features collapse, as the paper says (section 3.2)?
_base_ = './fcmae_convnextv2-mini_1xb32-18e_scenes.py'

model = dict(backbone=dict(use_grn=False, layer_scale_init_value=1e-6), neck=dict(use_grn=False))
