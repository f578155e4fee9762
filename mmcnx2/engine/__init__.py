"""What runs a model: launching, hooks, optimiser constructors. Importing registers them."""

from mmcnx2.engine.checkpoint_hook import AtomicCheckpointHook
from mmcnx2.engine.feature_diversity_hook import FeatureDiversityHook
from mmcnx2.engine.finite_loss_hook import FiniteLossHook
from mmcnx2.engine.knn_hook import KNNHook
from mmcnx2.engine.layer_decay import LayerDecayOptimWrapperConstructor
from mmcnx2.engine.preemption_hook import PreemptionHook
from mmcnx2.engine.reconstruction_hook import ReconstructionHook
from mmcnx2.engine.resume_hook import ExactResumeHook
from mmcnx2.engine.shard_epoch_hook import ShardEpochHook
from mmcnx2.engine.sharded_runner import ShardedRunner

__all__ = [
    'AtomicCheckpointHook',
    'ExactResumeHook',
    'FeatureDiversityHook',
    'FiniteLossHook',
    'KNNHook',
    'LayerDecayOptimWrapperConstructor',
    'PreemptionHook',
    'ReconstructionHook',
    'ShardEpochHook',
    'ShardedRunner',
]
