"""GRN with one of its parts exchanged (paper Tables 2a to 2c, 16b)."""

import torch.nn.functional as F
from torch import Tensor

from mmcnx2.layouts import Layout
from mmcnx2.models.grn import GRN
from mmcnx2.models.rivals.aggregations import AGGREGATIONS
from mmcnx2.models.rivals.normalizations import NORMALIZATIONS


class GRNVariant(GRN):
    """``x + beta + gamma * x * N(G(x))`` with another G or N, or without the residual ``x``.

    As it stands, it computes what :class:`GRN` does.

    Args:
        channels: C.
        aggregate: G, a key of ``AGGREGATIONS``.
        normalize: N, a key of ``NORMALIZATIONS``.
        residual: Add ``x``. Without it, the step starts at 0 instead of at the identity.
        eps: Added to N's denominator.

    Raises:
        ValueError: Unknown ``aggregate`` or ``normalize``.
    """

    def __init__(
        self,
        channels: int,
        *,
        aggregate: str = 'l2',
        normalize: str = 'divide_by_mean',
        residual: bool = True,
        eps: float = 1e-6,
    ):
        super().__init__(channels, eps=eps)
        self.aggregate = _choose('aggregate', aggregate, AGGREGATIONS)
        self.normalize = _choose('normalize', normalize, NORMALIZATIONS)
        self.identity = float(residual)

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return features of the shape and dtype of ``x``, which lives in ``layout``."""
        response = self.normalize(self.aggregate(x, layout), self.eps)
        scale = layout.per_image(self.identity + self.gamma * response)
        return x * scale.to(x.dtype) + self.beta.to(x.dtype)

    def after_gelu(self, x: Tensor, layout: Layout) -> Tensor:
        """Return this layer's output for ``GELU(x)``."""
        return self(F.gelu(x), layout)


def _choose(argument: str, name: str, known: dict):
    if name not in known:
        raise ValueError(f'{argument}={name!r} is unknown: use one of {", ".join(known)}.')
    return known[name]
