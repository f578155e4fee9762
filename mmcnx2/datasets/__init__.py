"""Data sets that the toolboxes do not have."""

from mmcnx2.datasets.folder import ImageFolderUnlabelled

__all__ = ['ImageFolderUnlabelled']
