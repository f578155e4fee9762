"""7x7 depthwise convolution of visible sites or whole maps, channels last.

``reference`` is plain torch. The fast ones, ``triton`` on CUDA and ``numba`` on a CPU, are imported
where they are wanted.
"""

from mmcnx2.nn.ops.depthwise_conv.frames import Frames
from mmcnx2.nn.ops.depthwise_conv.reference import packed_depthwise_conv
from mmcnx2.nn.ops.depthwise_conv.windows import Windows

__all__ = ['Frames', 'Windows', 'packed_depthwise_conv']
