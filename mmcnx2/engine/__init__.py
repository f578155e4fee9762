"""What runs a model: launching, training and evaluation, hooks, runners, optimizers.

Importing this registers the hooks, runners, optimizer constructors and schedules.
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
    CosineAnnealingLR,
    JoinedOptimWrapperConstructor,
    LayerDecayOptimWrapperConstructor,
    MultiStepLR,
    PolyLR,
)
from mmcnx2.engine.runners import ShardedRunner

__all__ = [
    'AtomicCheckpointHook',
    'ClassCountHook',
    'CosineAnnealingLR',
    'DurableLogHook',
    'ExactResumeHook',
    'FiniteLossHook',
    'JoinedOptimWrapperConstructor',
    'LayerDecayOptimWrapperConstructor',
    'LateInfoHook',
    'LossSpikeHook',
    'MirrorHook',
    'MultiStepLR',
    'PolyLR',
    'PreemptionHook',
    'ShardEpochHook',
    'ShardedRunner',
    'UnreadableImagesHook',
    'WatchdogHook',
]
