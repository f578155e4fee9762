"""How parameters are grouped for the optimizer, and how its rates change."""

from mmcnx2.engine.optimizers.joined import JoinedOptimWrapperConstructor
from mmcnx2.engine.optimizers.layer_decay import LayerDecayOptimWrapperConstructor
from mmcnx2.engine.optimizers.schedules import CosineAnnealingLR, MultiStepLR, PolyLR

__all__ = [
    'CosineAnnealingLR',
    'JoinedOptimWrapperConstructor',
    'LayerDecayOptimWrapperConstructor',
    'MultiStepLR',
    'PolyLR',
]
