# What of the head of mask2former_head.py is changed for two CPU cores and pictures of 128 px: a
# narrow transformer of two layers behind the encoder of fcmae_convnextv2-mini.py, whose strides are
# 4, 8 and 16; the last two are attended to.
mini_width = 96
mini_attention = dict(embed_dims=mini_width)
mini_ffn = dict(embed_dims=mini_width, feedforward_channels=192)
mini_positions = dict(num_feats=mini_width // 2)
mini_head = dict(
    strides=[4, 8, 16],
    feat_channels=mini_width,
    out_channels=mini_width,
    num_queries=30,
    num_transformer_feat_level=2,
    pixel_decoder=dict(
        num_outs=2,
        norm_cfg=dict(num_groups=16),
        encoder=dict(
            num_layers=2,
            layer_cfg=dict(self_attn_cfg=dict(mini_attention, num_levels=2), ffn_cfg=mini_ffn),
        ),
        positional_encoding=mini_positions,
    ),
    positional_encoding=mini_positions,
    transformer_decoder=dict(
        num_layers=2,
        layer_cfg=dict(
            self_attn_cfg=mini_attention, cross_attn_cfg=mini_attention, ffn_cfg=mini_ffn
        ),
    ),
)
mini_backbone = dict(
    arch=dict(_delete_=True, depths=(1, 1, 4), channels=(32, 64, 128)), out_indices=(0, 1, 2)
)
