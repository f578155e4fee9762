"""What runs a model: launching, training and evaluation, hooks, runners, optimizers.

Importing this registers the hooks, runners and optimizer constructors.
"""

from mmcnx2.engine.hooks import (
    AtomicCheckpointHook,
    ClassCountHook,
    DurableLogHook,
    ExactResumeHook,
    FiniteLossHook,
    LateInfoHook,
    LossSpikeHook,
    MirrorHook,
    PreemptionHook,
    ShardEpochHook,
    UnreadableImagesHook,
    WatchdogHook,
)
from mmcnx2.engine.optimizers import (
    JoinedOptimWrapperConstructor,
    LayerDecayOptimWrapperConstructor,
)
from mmcnx2.engine.runners import ShardedRunner

__all__ = [
    'AtomicCheckpointHook',
    'ClassCountHook',
    'DurableLogHook',
    'ExactResumeHook',
    'FiniteLossHook',
    'JoinedOptimWrapperConstructor',
    'LayerDecayOptimWrapperConstructor',
    'LateInfoHook',
    'LossSpikeHook',
    'MirrorHook',
    'PreemptionHook',
    'ShardEpochHook',
    'ShardedRunner',
    'UnreadableImagesHook',
    'WatchdogHook',
]
