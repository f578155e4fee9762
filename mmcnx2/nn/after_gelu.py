"""What may stand between GELU and the projection of a block."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcnx2.nn.layouts import Layout


class AfterGELU:
    """The protocol: mixed into a module, which says with ``forward`` or below what it computes."""

    def after_gelu(self, x: Tensor, layout: Layout) -> Tensor:
        """Return this layer's output for ``GELU(x)``.

        Args:
            x: Features in ``layout``, channels last, before GELU.
            layout: Where they live.
        """
        return self(F.gelu(x), layout)

    def project(self, x: Tensor, layout: Layout, linear: nn.Linear) -> Tensor:
        """Return ``linear`` of :meth:`after_gelu`; a layer may compute the two as one.

        Args:
            x: Features in ``layout``, channels last, before GELU.
            layout: Where they live.
            linear: The block's projection.
        """
        return linear(self.after_gelu(x, layout))


class ScaleAndShift(AfterGELU, nn.Module):
    """A layer with GRN's parameters, which both start at 0.

    Args:
        channels: C.
        eps: Added to what is divided by.
    """

    def __init__(self, channels: int, *, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def extra_repr(self) -> str:
        return f'{len(self.gamma)}, eps={self.eps}'
