"""What a layout is: where the features of one stage live, and the operations that see space."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor


class Layout(ABC):
    """The sites of one encoder stage.

    All of ConvNeXt V2 acts on channels alone, on any tensor with channels last, but for three
    operations: the convolutions whose kernel is their stride (:meth:`embed` for the stem,
    :meth:`downsample`), the depthwise convolution, and GRN's norm over space. The other methods say
    how features are addressed: one row an image, all rows of an image, maps.

    A layout is planned once per forward, one object a stage, and carries whatever indices its stage
    needs; blocks share it. Neither it nor the class keeps state between forwards.

    Everywhere, ``visible`` is a bool tensor ``(N, h, w)``, h and w in patches of the encoder's
    total stride, True where the encoder may look.

    Attributes:
        ops: Kernels that compute what :mod:`mmcnx2.nn.ops` has: 'torch', 'triton' or 'numba'.
    """

    ops = 'torch'

    @classmethod
    @abstractmethod
    def plan(
        cls, visible: Tensor, strides: Sequence[int], device: torch.device, *, ops: str = 'torch'
    ) -> list['Layout']:
        """Return the layouts of all stages, finest first.

        Args:
            visible: Bool ``(N, h, w)``, True where the encoder may look.
            strides: Pixels between the sites of each stage, for example ``(4, 8, 16, 32)``; each
                divides the next, and the last is the patch size of ``visible``.
            device: Where the features live; ``visible`` may be on another device.
            ops: 'torch', 'triton' or 'numba'; a layout that has one way to compute ignores it.
        """

    @abstractmethod
    def embed(self, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Apply the stem, a convolution whose kernel is its stride, to whole images.

        Args:
            images: ``(N, C_in, H, W)``.
            weight: ``(C, C_in, p, p)``.
            bias: ``(C,)`` or None.

        Returns:
            Features of this stage, channels last.
        """

    @abstractmethod
    def downsample(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Apply a convolution whose kernel is its stride to the *previous* stage's features.

        Args:
            x: Features in the previous stage's layout, channels last.
            weight: ``(C_out, C_in, k, k)``; k is the ratio of the two stages' strides.
            bias: ``(C_out,)`` or None.

        Returns:
            Features of this stage, channels last.
        """

    @abstractmethod
    def depthwise_conv(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Convolve each channel with its own odd square kernel; hidden and outside sites are zero.

        Args:
            x: Features of this stage.
            weight: ``(C, 1, k, k)``.
            bias: ``(C,)`` or None.
        """

    @abstractmethod
    def spatial_norm(self, x: Tensor) -> Tensor:
        """Return each image's L2 norm over its visible sites, ``(N, C)``, float32 or wider.

        This is G(X) of GRN (paper eq. 1).
        """

    def num_images(self, x: Tensor) -> int:
        """Return N, the number of images whose features ``x`` holds."""
        return x.shape[0]

    @abstractmethod
    def per_image(self, value: Tensor) -> Tensor:
        """Shape one row an image, ``(N, C)`` or ``(1, C)``, so that it broadcasts over features."""

    def rows(self, x: Tensor) -> Tensor | None:
        """View features as the visible sites of each image, ``(N, T, C)``, all of them visible.

        None where sites are hidden among them or images have different numbers: operations on rows
        then have no place, and whoever asks computes by the definition.
        """
        return None

    @abstractmethod
    def to_maps(self, x: Tensor) -> Tensor:
        """Return features as ``(N, C, H, W)`` maps with zeros at hidden sites."""

    @abstractmethod
    def finer_to_maps(self, x: Tensor) -> Tensor:
        """Return the *previous* stage's features as ``(N, C, H, W)`` maps, hidden sites anyhow."""

    @abstractmethod
    def from_maps(self, maps: Tensor) -> Tensor:
        """Return ``(N, C, H, W)`` maps as features of this stage; what hidden sites hold is lost.

        With these three, a layer that wants to be called is: on maps, at their cost.
        """
