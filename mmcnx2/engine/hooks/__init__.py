"""Hooks that keep a run alive and right; those that look at features are in ``analysis.hooks``."""

from mmcnx2.engine.hooks.checkpoint_hook import AtomicCheckpointHook
from mmcnx2.engine.hooks.class_count_hook import ClassCountHook
from mmcnx2.engine.hooks.durable_log_hook import DurableLogHook
from mmcnx2.engine.hooks.finite_loss_hook import FiniteLossHook
from mmcnx2.engine.hooks.late_info_hook import LateInfoHook
from mmcnx2.engine.hooks.loss_spike_hook import LossSpikeHook
from mmcnx2.engine.hooks.mirror_hook import MirrorHook
from mmcnx2.engine.hooks.preemption_hook import PreemptionHook
from mmcnx2.engine.hooks.progress_hook import ProgressHook
from mmcnx2.engine.hooks.resume_hook import ExactResumeHook
from mmcnx2.engine.hooks.shard_epoch_hook import ShardEpochHook
from mmcnx2.engine.hooks.unreadable_images_hook import UnreadableImagesHook
from mmcnx2.engine.hooks.watchdog_hook import WatchdogHook

__all__ = [
    'AtomicCheckpointHook',
    'ClassCountHook',
    'DurableLogHook',
    'ExactResumeHook',
    'FiniteLossHook',
    'LateInfoHook',
    'LossSpikeHook',
    'MirrorHook',
    'PreemptionHook',
    'ProgressHook',
    'ShardEpochHook',
    'UnreadableImagesHook',
    'WatchdogHook',
]
