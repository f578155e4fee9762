"""Images in tar shards: packing them, and reading them in training."""

from mmcnx2.datasets.shards.dataset import ImageShards

__all__ = ['ImageShards']
