"""GRN with one of its parts exchanged (paper Tables 2a to 2c, 16b)."""

from torch import Tensor, nn

from mmcnx2.checks import check_choice
from mmcnx2.nn.after_gelu import ScaleAndShift
from mmcnx2.nn.layouts import Layout
from mmcnx2.nn.response import register_response
from mmcnx2.rivals.aggregations import AGGREGATIONS
from mmcnx2.rivals.normalizations import NORMALIZATIONS


@register_response('grn_variant')
class GRNVariant(ScaleAndShift):
    """``x + beta + gamma * x * N(G(x))`` with another G or N, or without the residual ``x``.

    As it stands, it computes what :class:`mmcnx2.nn.grn.GRN` does.

    Args:
        channels: C.
        aggregate: G, a key of ``AGGREGATIONS``.
        normalize: N, a key of ``NORMALIZATIONS``.
        residual: Add ``x``. Without it, gamma starts at 1: at 0, every block would start silent.
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
        check_choice(AGGREGATIONS, aggregate=aggregate)
        check_choice(NORMALIZATIONS, normalize=normalize)
        self.aggregate = AGGREGATIONS[aggregate]
        self.normalize = NORMALIZATIONS[normalize]
        self.identity = float(residual)
        if not residual:
            nn.init.ones_(self.gamma)

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return features of the shape and dtype of ``x``, which lives in ``layout``."""
        response = self.normalize(self.aggregate(x, layout), self.eps)
        scale = layout.per_image(self.identity + self.gamma * response)
        return x * scale.to(x.dtype) + self.beta.to(x.dtype)
