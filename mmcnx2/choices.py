"""Names that options choose from. Needs nothing but Python, so that ``--help`` answers at once."""

DIALECTS = ('mmcnx2', 'mmpretrain', 'official', 'official_sparse', 'timm', 'hf')
"""Of :data:`mmcnx2.checkpoints.dialects.DIALECTS`, the table of what each of them means."""

DETECTORS = ('mask-rcnn', 'cascade-mask-rcnn', 'rtmdet', 'rtmdet-ins', 'dino', 'mask2former')
SEGMENTATION_HEADS = ('upernet', 'mask2former')
"""The first is the default; :mod:`mmcnx2.apis.recipes.detectors` says what each of them is."""

EXPORT_FORMATS = ('.pt2', '.onnx')
"""Endings of exported programs."""

EXPORT_PARTS = ('all', 'features', 'reconstruction')
"""What of a model is exported: what it predicts, its encoder, or FCMAE with its decoder."""

EXPORT_PRECISIONS = ('fp32', 'fp16', 'int8')

OLDEST_OPSET = 18
"""Of ONNX's operators: the first whose all that the exported models need."""

LOG_BACKENDS = dict(
    tensorboard=('tensorboard', 'TensorboardVisBackend'), wandb=('wandb', 'WandbVisBackend')
)
"""Short name to the package that it needs and mmengine's backend."""
