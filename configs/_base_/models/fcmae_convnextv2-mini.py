# For two CPU cores and crops of 96 px: three stages, so patches of 16 px in a grid of 6 x 6.
_base_ = './fcmae_convnextv2.py'

model = dict(
    backbone=dict(arch=dict(_delete_=True, depths=(1, 1, 4), channels=(32, 64, 128))),
    neck=dict(embed_dims=128),
)
