"""The dense and the packed layout with Triton's kernels: the same features, computed faster."""

from torch import Tensor

from mmcnx2.nn.layouts.base import Layout
from mmcnx2.nn.layouts.dense import DenseLayout
from mmcnx2.nn.layouts.windowed import WindowedLayout
from mmcnx2.nn.ops.depthwise_conv.triton import depthwise_conv
from mmcnx2.nn.ops.depthwise_conv.windows import Windows
from mmcnx2.nn.ops.grn.triton import gelu_grn


class TritonPackedLayout(WindowedLayout):
    """Rows of visible sites; see :class:`PackedLayout`."""

    convolve = staticmethod(depthwise_conv)

    def gelu_grn(self, x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
        return gelu_grn(x, gamma, beta, eps)

    gelu_grn_linear = Layout.gelu_grn_linear  # GELU and GRN as one, and then the linear layer


class TritonDenseLayout(DenseLayout):
    """Whole maps, channels last; see :class:`DenseLayout`.

    The table of neighbours depends on the size of the maps alone. It is made when the first block
    of a stage asks for it, and the other blocks share it.
    """

    def __init__(self):
        self.neighbours = None

    def depthwise_conv(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.neighbours is None:
            self.neighbours = Windows.of_map(*x.shape[1:3], weight.shape[-1] // 2, x.device)
        return depthwise_conv(x, weight, bias, self.neighbours)

    def gelu_grn(self, x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
        return gelu_grn(x.flatten(1, 2), gamma, beta, eps).view(x.shape)

    gelu_grn_linear = Layout.gelu_grn_linear
