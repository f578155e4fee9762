# ConvNeXt V1: LayerScale instead of GRN.
_base_ = './upernet_convnextv2-base-sup_8xb2-amp-160k_ade20k-512x512.py'

checkpoint = 'work_dirs/convnext-base_64xb64-amp-coslr-300e_in1k/epoch_300.pth'
model = dict(
    backbone=dict(use_grn=False, layer_scale_init_value=1e-6, init_cfg=dict(checkpoint=checkpoint))
)
