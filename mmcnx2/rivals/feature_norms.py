"""Other feature normalizations in GRN's place (paper Table 2d)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcnx2.nn.after_gelu import AfterGELU
from mmcnx2.nn.layouts import Layout
from mmcnx2.nn.response import register_response
from mmcnx2.rivals.spatial import count_sites, spatial_sum


@register_response('ln')
class LayerNorm(AfterGELU, nn.LayerNorm):
    """LayerNorm over the channels of each site (Ba et al. 2016).

    Args:
        channels: C.
        eps: Added to the variance; ConvNeXt's.
    """

    def __init__(self, channels: int, *, eps: float = 1e-6):
        super().__init__(channels, eps=eps)

    def after_gelu(self, x: Tensor, layout: Layout) -> Tensor:
        return self(F.gelu(x))


@register_response('lrn')
class LocalResponseNorm(AfterGELU, nn.Module):
    """``x_i / (k + alpha / n * sum of x_j^2 over n neighboring channels) ^ beta``, no parameters.

    Krizhevsky et al. 2012, section 3.3, with their n, alpha, beta and k: the paper names none.

    Args:
        channels: C; unused, for there is nothing to learn.
        size: n, an odd number of channels around each.
        alpha: Weight of the squares. Krizhevsky's formula has their sum times 1e-4, torch's their
            mean times alpha, which is 5e-4.
        beta: Exponent.
        k: Keeps the denominator from 0.
    """

    def __init__(
        self,
        channels: int,
        *,
        size: int = 5,
        alpha: float = 5e-4,
        beta: float = 0.75,
        k: float = 2.0,
    ):
        super().__init__()
        self.options = dict(size=size, alpha=alpha, beta=beta, k=k)

    def after_gelu(self, x: Tensor, layout: Layout) -> Tensor:
        sites = F.gelu(x).reshape(-1, x.shape[-1], 1)
        return F.local_response_norm(sites, **self.options).view(x.shape)


@register_response('bn')
class BatchNorm(AfterGELU, nn.BatchNorm1d):
    """BatchNorm over the visible sites of all images of a process (Ioffe and Szegedy 2015).

    An image's features then depend on the images beside it while training; evaluation uses running
    statistics, of visible sites in pre-training.

    Recomputing a block (``with_cp``) remembers a batch twice, as it does with torch's own; the
    output while training is the same.

    Args:
        channels: C.
    """

    def after_gelu(self, x: Tensor, layout: Layout) -> Tensor:
        x = F.gelu(x)
        if self.training:
            mean, variance = self._of_batch(x, layout)
        else:
            mean, variance = self.running_mean, self.running_var
        scale = self.weight * torch.rsqrt(variance + self.eps)
        shift = self.bias - mean * scale
        return x * scale.to(x.dtype) + shift.to(x.dtype)

    def _of_batch(self, x: Tensor, layout: Layout) -> tuple[Tensor, Tensor]:
        """Return mean and variance over visible sites, ``(C,)`` each, and remember them."""
        sums = spatial_sum(x, layout)
        count = count_sites(x, layout).to(sums.dtype).expand(len(sums), 1).sum()
        mean = sums.sum(0) / count
        variance = spatial_sum((x - mean.to(x.dtype)).square(), layout).sum(0) / count
        with torch.no_grad():
            # As torch does: the running variance is the unbiased one.
            unbiased = variance * (count / (count - 1).clamp_min(1))
            self.running_mean.lerp_(mean.to(self.running_mean.dtype), self.momentum)
            self.running_var.lerp_(unbiased.to(self.running_var.dtype), self.momentum)
            self.num_batches_tracked.add_(1)
        return mean, variance
