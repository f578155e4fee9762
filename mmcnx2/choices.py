"""Names that options choose from. Needs nothing but Python, so that ``--help`` answers at once."""

DIALECTS = ('mmcnx2', 'mmpretrain', 'official', 'official_sparse', 'timm', 'hf')
"""Of :data:`mmcnx2.checkpoints.dialects.DIALECTS`, the table of what each of them means."""

EXPORT_FORMATS = ('.pt2', '.onnx')
"""Endings of exported programs."""

LOG_BACKENDS = dict(
    tensorboard=('tensorboard', 'TensorboardVisBackend'), wandb=('wandb', 'WandbVisBackend')
)
"""Short name to the package that it needs and mmengine's backend."""
