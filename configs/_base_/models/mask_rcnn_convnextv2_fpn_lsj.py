# Mask R-CNN for large-scale jitter: what was scaled down is padded to the crop's size.
#
# drop_path_rate differs by size. The paper sweeps {0.2, 0.3, 0.4, 0.5} and does not say what it
# chose. Tiny and base have 0.4, as V1's tiny and mmdet's V2-B do; large and huge 0.5, because
# larger models want more; nano and smaller, which the paper does not train here, 0.1.
_base_ = './mask_rcnn_convnextv2_fpn.py'

model = dict(
    data_preprocessor=dict(batch_augments=[dict(type='mmcnx2.FixedSizePad', size=(1024, 1024))])
)
