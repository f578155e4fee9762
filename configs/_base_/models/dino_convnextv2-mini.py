# For two CPU cores and pictures of 128 px: the encoder of fcmae_convnextv2-mini.py, of whose
# strides the last two, 8 and 16, count; a transformer of two layers, few queries. It is as wide as
# any: mmdet's decoder knows no other width.
_base_ = './dino_convnextv2.py'

num_levels = 3
ffn_cfg = dict(feedforward_channels=512)
attention = dict(num_levels=num_levels)
model = dict(
    num_classes=10,
    num_queries=50,
    num_feature_levels=num_levels,
    backbone=dict(
        arch=dict(_delete_=True, depths=(1, 1, 4), channels=(32, 64, 128)), out_indices=(1, 2)
    ),
    neck=dict(num_outs=num_levels),
    encoder=dict(num_layers=2, layer_cfg=dict(self_attn_cfg=attention, ffn_cfg=ffn_cfg)),
    decoder=dict(num_layers=2, layer_cfg=dict(cross_attn_cfg=attention, ffn_cfg=ffn_cfg)),
    dn_cfg=dict(group_cfg=dict(num_dn_queries=25)),
    test_cfg=dict(max_per_img=15),  # a handful of objects a picture
)
