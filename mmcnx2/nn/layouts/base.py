"""What a layout is: where the features of one stage live, and the operations that see space."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Layout(ABC):
    """The sites of one encoder stage.

    All of ConvNeXt V2 acts on channels alone, on any tensor with channels last, but for the
    operations below. A layout is planned once per forward, one object a stage, and carries
    whatever indices its stage needs; blocks share it. Neither it nor the class keeps state between
    forwards.

    Everywhere, ``visible`` is a bool tensor ``(N, h, w)``, h and w in patches of the encoder's
    total stride, True where the encoder may look.
    """

    @classmethod
    @abstractmethod
    def plan(
        cls, visible: Tensor, strides: Sequence[int], device: torch.device
    ) -> list['Layout']:
        """Return the layouts of all stages, finest first.

        Args:
            visible: Bool ``(N, h, w)``, True where the encoder may look.
            strides: Pixels between the sites of each stage, for example ``(4, 8, 16, 32)``; each
                divides the next, and the last is the patch size of ``visible``.
            device: Where the features live; ``visible`` may be on another device.
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

    @abstractmethod
    def spatial_sum(self, x: Tensor) -> Tensor:
        """Return each image's sum over its visible sites, ``(N, C)``, float32 or wider."""

    @abstractmethod
    def spatial_max(self, x: Tensor) -> Tensor:
        """Return each image's maximum over its visible sites, ``(N, C)``, 0 where there is none."""

    @abstractmethod
    def count_sites(self, x: Tensor) -> Tensor:
        """Return each image's number of visible sites, ``(N, 1)`` or ``(1, 1)``, float32."""

    def spatial_mean(self, x: Tensor) -> Tensor:
        """Return each image's mean over its visible sites, ``(N, C)``, float32 or wider."""
        return self.spatial_sum(x) / self.count_sites(x).clamp_min(1)

    def grn(self, x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
        """Return ``x + gamma * x * N(G(x)) + beta`` (paper eqs. 1 to 3): here, its definition.

        Args:
            x: Features of this stage.
            gamma: ``(C,)``.
            beta: ``(C,)``.
            eps: Added to the mean norm.
        """
        return self.respond(x, self.spatial_norm(x), gamma, beta, eps)

    def gelu_grn(self, x: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
        """Return :meth:`grn` of ``GELU(x)``; a layout may compute the two as one."""
        return self.grn(F.gelu(x), gamma, beta, eps)

    def gelu_grn_linear(
        self, x: Tensor, gamma: Tensor, beta: Tensor, eps: float, linear: nn.Linear
    ) -> Tensor:
        """Return a linear layer of :meth:`gelu_grn`; a layout may compute all as one.

        Args:
            x: Features of this stage.
            gamma: ``(C,)``.
            beta: ``(C,)``.
            eps: Added to the mean norm.
            linear: With bias, from C channels to any number.
        """
        return linear(self.gelu_grn(x, gamma, beta, eps))

    def respond(self, x: Tensor, norm: Tensor, gamma: Tensor, beta: Tensor, eps: float) -> Tensor:
        """Return ``x + gamma * x * N(norm) + beta``, N dividing by the mean over channels (eq. 2).

        Args:
            x: Features of this stage.
            norm: G(x), ``(N, C)`` or ``(1, C)``.
            gamma: ``(C,)``.
            beta: ``(C,)``.
            eps: Added to the mean norm.
        """
        response = norm / (norm.mean(-1, keepdim=True) + eps)
        scale = self.per_image(1 + gamma * response).to(x.dtype)
        return torch.addcmul(beta.to(x.dtype), x, scale)

    def num_images(self, x: Tensor) -> int:
        """Return N, the number of images whose features ``x`` holds."""
        return x.shape[0]

    @abstractmethod
    def per_image(self, value: Tensor) -> Tensor:
        """Shape one row an image, ``(N, C)`` or ``(1, C)``, so that it broadcasts over features."""

    @abstractmethod
    def to_maps(self, x: Tensor) -> Tensor:
        """Return features as ``(N, C, H, W)`` maps with zeros at hidden sites."""
