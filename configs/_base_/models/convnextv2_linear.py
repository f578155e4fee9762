# Linear probing: a frozen encoder as FCMAE left it, without a final norm, its average over space
# normalized over the batch, and one linear layer.
_base_ = './convnextv2_classifier.py'

checkpoint = 'work_dirs/fcmae_convnextv2-atto_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(
        final_norm=False,
        frozen_stages=4,
        init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.'),
    ),
    neck=dict(type='ClsBatchNormNeck', input_features='backbone.channels[-1]', affine=False),
    head=dict(
        loss=dict(_delete_=True, type='CrossEntropyLoss'),
        init_cfg=dict(std=0.01),
    ),
)
