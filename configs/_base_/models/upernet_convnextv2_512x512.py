# UPerNet for ADE20K: tests slide the crop in steps of two thirds of it, as V1's do.
#
# drop_path_rate differs by size. The paper sweeps {0.1, 0.2, 0.3, 0.4} and does not say what it
# chose. Tiny and larger have V1's 0.4; nano and smaller, which the paper does not train here, 0.1.
_base_ = './upernet_convnextv2.py'

model = dict(test_cfg=dict(_delete_=True, mode='slide', crop_size=(512, 512), stride=(341, 341)))
