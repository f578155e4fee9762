# Mask2Former on ADE20K: 160k steps of 16 images, 1e-4, a fall with the power 0.9, gradients clipped
# at 0.01, no weight decay of embeddings, as in mmseg's
# configs/mask2former/mask2former_r50_8xb2-160k_ade20k-512x512.py. A tenth of the rate for the
# backbone, which that has, gives way to layer decay, 0.95 a block, after a warm-up of 1500 steps,
# as in InternImage's
# segmentation/configs/ade20k/mask2former_internimage_h_896_80k_cocostuff2ade20k_ss.py.
_base_ = './upernet_160k.py'

optim_wrapper = dict(
    clip_grad=dict(max_norm=0.01, norm_type=2),
    paramwise_cfg=dict(
        layer_decay_type='single',
        layer_decay_rate=0.95,
        custom_keys=dict(
            query_embed=dict(decay_mult=0.0),
            query_feat=dict(decay_mult=0.0),
            level_embed=dict(decay_mult=0.0),
        ),
    ),
)
param_scheduler = _base_.param_scheduler
param_scheduler[1].update(power=0.9)
