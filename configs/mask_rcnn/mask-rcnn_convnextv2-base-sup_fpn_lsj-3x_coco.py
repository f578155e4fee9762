# The same from supervised ImageNet-1K weights: the row that FCMAE is compared with.
_base_ = './mask-rcnn_convnextv2-base-fcmae_fpn_lsj-3x_coco.py'

checkpoint = 'work_dirs/convnextv2-base_64xb64-amp-coslr-300e_in1k/epoch_300.pth'
model = dict(backbone=dict(init_cfg=dict(checkpoint=checkpoint)))
