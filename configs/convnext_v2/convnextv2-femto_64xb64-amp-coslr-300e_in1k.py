_base_ = './convnextv2-atto_64xb64-amp-coslr-300e_in1k.py'

model = dict(backbone=dict(arch='femto', drop_path_rate=0.0))
