# Table 2f: no GRN in pre-training, a new one at fine-tuning; V1's LayerScale stays.
_base_ = './convnext-base_fcmae-800e-pre_32xb32-amp-coslr-100e_in1k.py'

model = dict(backbone=dict(use_grn=True))
