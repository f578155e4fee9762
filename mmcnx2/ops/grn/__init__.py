"""Global Response Normalization of rows, in as few passes over them as plain torch allows."""

from mmcnx2.ops.grn.reference import grn

__all__ = ['grn']
