# Table 2f: GRN in pre-training, none at fine-tuning; the checkpoint's goes unused.
_base_ = './convnextv2-base_fcmae-800e-pre_32xb32-amp-coslr-100e_in1k.py'

model = dict(backbone=dict(use_grn=False))
