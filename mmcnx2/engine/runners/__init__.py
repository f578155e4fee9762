"""Runners beside mmengine's own."""

from mmcnx2.engine.runners.sharded_runner import ShardedRunner

__all__ = ['ShardedRunner']
