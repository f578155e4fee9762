"""Stochastic depth, one draw an image."""

from torch import Tensor, nn

from mmcnx2.nn.layouts import Layout


class DropPath(nn.Module):
    """Drop the residual branch of whole images while training and scale up the rest.

    Args:
        rate: Probability of dropping, in [0, 1).
    """

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return ``x``, features in ``layout``, with some images' set to zero."""
        if not self.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        kept = x.new_full((layout.num_images(x), 1), keep)
        return x * layout.per_image(kept.bernoulli() / keep)

    def extra_repr(self) -> str:
        return f'{self.rate:.3f}'
