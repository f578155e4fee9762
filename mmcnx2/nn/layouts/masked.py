"""Whole maps with zeros at hidden sites: the definition that the other layouts are checked against.

It computes every site and throws the hidden ones away, so it is slow and plain on purpose.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmcnx2.nn.layouts.dense import DenseLayout
from mmcnx2.nn.patches import upsample


class MaskedLayout(DenseLayout):
    """``(N, H, W, C)`` maps; hidden sites are zeroed before and after whatever sees space.

    Between those operations the channel-wise layers write biases at hidden sites. Nobody reads
    them: each spatial operation masks what it reads.

    Args:
        hidden: Bool ``(N, H, W, 1)``, True at sites of this stage that must not be seen.
    """

    def __init__(self, hidden: Tensor):
        super().__init__()
        self.hidden = hidden

    @classmethod
    def plan(
        cls, visible: Tensor, strides: Sequence[int], device: torch.device, *, ops: str = 'torch'
    ) -> list['MaskedLayout']:
        """Repeat each patch's flag over its sites; see :meth:`Layout.plan`. Kernels are torch's."""
        hidden = ~visible.to(device)
        return [cls(upsample(hidden, strides[-1] // stride).unsqueeze(-1)) for stride in strides]

    def embed(self, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self._hide(super().embed(images, weight, bias))

    def downsample(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        # A window lies inside one patch, so nothing hidden reaches a visible site here.
        return self._hide(super().downsample(x, weight, bias))

    def depthwise_conv(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        return self._hide(super().depthwise_conv(self._hide(x), weight, bias))

    def spatial_norm(self, x: Tensor) -> Tensor:
        return super().spatial_norm(self._hide(x))

    def rows(self, x: Tensor) -> None:
        return None  # hidden sites lie among the others

    def to_maps(self, x: Tensor) -> Tensor:
        return super().to_maps(self._hide(x))

    def from_maps(self, maps: Tensor) -> Tensor:
        return self._hide(super().from_maps(maps))

    def _hide(self, x: Tensor) -> Tensor:
        # Filling, not multiplying: a NaN or an infinity at a hidden site must not leak as NaN * 0.
        return x.masked_fill(self.hidden, 0)
