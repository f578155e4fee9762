# ConvNeXt V1: LayerScale instead of GRN.
_base_ = './mask-rcnn_convnextv2-base-sup_fpn_lsj-3x_coco.py'

checkpoint = 'work_dirs/convnext-base_64xb64-amp-coslr-300e_in1k/epoch_300.pth'
model = dict(
    backbone=dict(use_grn=False, layer_scale_init_value=1e-6, init_cfg=dict(checkpoint=checkpoint))
)
