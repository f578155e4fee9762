"""The packed layout for kernels that read neighbours through a table, without laying rows out."""

from typing import ClassVar

from torch import Tensor

from mmcnx2.nn.layouts.packed import KERNEL_RADIUS, PackedLayout
from mmcnx2.nn.ops.depthwise_conv.operation import Operation
from mmcnx2.nn.ops.depthwise_conv.windows import Windows


class WindowedLayout(PackedLayout):
    """Rows of visible sites; see :class:`PackedLayout`. A child names the operation."""

    convolve: ClassVar[Operation]

    def plan_depthwise_conv(self) -> Windows:
        return Windows.of_blocks(self.patches, self.grid, self.side, KERNEL_RADIUS)

    def depthwise_conv(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self.convolve(x, weight, bias, self.neighbours)
