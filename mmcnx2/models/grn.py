"""Global Response Normalization (paper section 3.3, eqs. 1 to 3 and Algorithm 1)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmcnx2.layouts import Layout


class GRN(nn.Module):
    """Make the channels of one image compete: ``x + beta + gamma * x * N(G(x))``.

    G is each channel's L2 norm over the image's visible sites, N divides it by the mean over
    channels (the paper's footnote 1: by the sum, times C). The statistics are float32 or wider
    whatever autocast says; gamma and beta start at zero, so the layer starts as the identity.

    Args:
        channels: C.
        eps: Added to the mean norm.
    """

    def __init__(self, channels: int, *, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.gamma = nn.Parameter(torch.zeros(channels))
        self.beta = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return features of the shape and dtype of ``x``, which lives in ``layout``."""
        return layout.grn(x, self.gamma, self.beta, self.eps)

    def after_gelu(self, x: Tensor, layout: Layout) -> Tensor:
        """Return this layer's output for ``GELU(x)``, which a layout may compute as one."""
        return layout.gelu_grn(x, self.gamma, self.beta, self.eps)

    def extra_repr(self) -> str:
        return f'{len(self.gamma)}, eps={self.eps}'


class BatchGRN(GRN):
    """GRN whose norm runs over the visible sites of the whole mini-batch.

    The official PyTorch pre-training does this (ConvNeXt-V2#86); an image's features then depend
    on the images beside it. Only for reproducing that code.
    """

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return features of the shape and dtype of ``x``, which lives in ``layout``."""
        norm = torch.linalg.vector_norm(layout.spatial_norm(x), dim=0, keepdim=True)
        return layout.respond(x, norm, self.gamma, self.beta, self.eps)

    def after_gelu(self, x: Tensor, layout: Layout) -> Tensor:
        """Return this layer's output for ``GELU(x)``."""
        return self(F.gelu(x), layout)


GRN_SCOPES = {'image': GRN, 'batch': BatchGRN}
