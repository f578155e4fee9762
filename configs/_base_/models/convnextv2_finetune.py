# The classifier as the paper fine-tunes it (Tables 9 to 13): the encoder of a pre-training run,
# and a head that starts at a thousandth of its usual size.
_base_ = './convnextv2_classifier.py'

checkpoint = 'work_dirs/fcmae_convnextv2-atto_64xb64-amp-coslr-1600e_in1k/epoch_1600.pth'
model = dict(
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=checkpoint, prefix='backbone.')),
    head=dict(init_cfg=dict(std=0.02 * 0.001)),
)
