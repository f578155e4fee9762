"""What runs a model: launching, training and evaluation, hooks, runners, optimizers.

Importing this registers the hooks, runners and optimizer constructors.
"""

from mmcnx2.engine.hooks import (
    AtomicCheckpointHook,
    ClassCountHook,
    ExactResumeHook,
    FiniteLossHook,
    PreemptionHook,
    ShardEpochHook,
    UnreadableImagesHook,
    WatchdogHook,
)
from mmcnx2.engine.optimizers import LayerDecayOptimWrapperConstructor
from mmcnx2.engine.runners import ShardedRunner

__all__ = [
    'AtomicCheckpointHook',
    'ClassCountHook',
    'ExactResumeHook',
    'FiniteLossHook',
    'LayerDecayOptimWrapperConstructor',
    'PreemptionHook',
    'ShardEpochHook',
    'ShardedRunner',
    'UnreadableImagesHook',
    'WatchdogHook',
]
