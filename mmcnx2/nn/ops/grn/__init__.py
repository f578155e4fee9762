"""Global Response Normalization of rows, in as few passes over them as plain torch allows.

``grn`` stands alone; ``grn_linear`` takes the layer behind it along. ``triton`` has its own, which
is imported where it is wanted.
"""

from mmcnx2.nn.ops.grn.linear import grn_linear
from mmcnx2.nn.ops.grn.reference import grn

__all__ = ['grn', 'grn_linear']
