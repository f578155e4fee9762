"""Data sets and transforms that the toolboxes do not have."""

from mmcnx2.datasets.decode_crop import DecodeRandomResizedCrop, LoadEncodedImage
from mmcnx2.datasets.folder import ImageFolderUnlabelled
from mmcnx2.datasets.load_image import LoadImageFromFile
from mmcnx2.datasets.shards import ImageShards

__all__ = [
    'DecodeRandomResizedCrop',
    'ImageFolderUnlabelled',
    'ImageShards',
    'LoadEncodedImage',
    'LoadImageFromFile',
]
