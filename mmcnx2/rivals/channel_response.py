"""GRN's ends: its affine transform alone, and its normalization without G (paper Table 16a, c)."""

from torch import Tensor

from mmcnx2.nn.after_gelu import ScaleAndShift
from mmcnx2.nn.layouts import Layout
from mmcnx2.nn.response import register_response
from mmcnx2.rivals.normalizations import divide_by_mean


@register_response('affine')
class Affine(ScaleAndShift):
    """``x + beta + gamma * x``: GRN without N(G(x)) (Table 16a).

    Args:
        channels: C.
    """

    def __init__(self, channels: int):
        super().__init__(channels)

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return features of the shape and dtype of ``x``, which lives in ``layout``."""
        return x * (1 + self.gamma).to(x.dtype) + self.beta.to(x.dtype)


@register_response('site_normalization')
class SiteNormalization(ScaleAndShift):
    """``x + beta + gamma * x * N(x)``: each site is divided by its own mean over channels.

    Nothing keeps that mean from 0, since GELU's values have both signs: the paper calls this
    training unstable (Table 16c).

    Args:
        channels: C.
        eps: Added to the mean.
    """

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return features of the shape and dtype of ``x``, which lives in ``layout``."""
        response = divide_by_mean(x.to(self.gamma.dtype), self.eps)
        return x * (1 + self.gamma * response).to(x.dtype) + self.beta.to(x.dtype)
