"""How parameters are grouped for the optimizer."""

from mmcnx2.engine.optimizers.joined import JoinedOptimWrapperConstructor
from mmcnx2.engine.optimizers.layer_decay import LayerDecayOptimWrapperConstructor

__all__ = ['JoinedOptimWrapperConstructor', 'LayerDecayOptimWrapperConstructor']
