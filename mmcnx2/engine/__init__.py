"""What runs a model: launching, hooks and optimiser constructors. Importing this registers them."""

from mmcnx2.engine.knn_hook import KNNHook
from mmcnx2.engine.layer_decay import LayerDecayOptimWrapperConstructor
from mmcnx2.engine.shard_epoch_hook import ShardEpochHook

__all__ = ['KNNHook', 'LayerDecayOptimWrapperConstructor', 'ShardEpochHook']
