"""Global Response Normalization (paper section 3.3, eqs. 1 to 3 and Algorithm 1)."""

import torch
from torch import Tensor, nn

from mmcnx2.nn.after_gelu import ScaleAndShift
from mmcnx2.nn.layouts import Layout
from mmcnx2.nn.ops.grn import gelu_grn, gelu_grn_linear
from mmcnx2.nn.plain import is_plain


class GRN(ScaleAndShift):
    """Make the channels of one image compete: ``x + beta + gamma * x * N(G(x))``.

    G is each channel's L2 norm over the image's visible sites, N divides it by the mean over
    channels (the paper's footnote 1: by the sum, times C). The statistics are float32 or wider
    whatever autocast says; gamma and beta start at zero, so the layer starts as the identity.

    Args:
        channels: C.
        eps: Added to the mean norm.
    """

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return features of the shape and dtype of ``x``, which lives in ``layout``."""
        norm = self.aggregate(x, layout)
        response = norm / (norm.mean(-1, keepdim=True) + self.eps)
        scale = layout.per_image(1 + self.gamma * response)
        return torch.addcmul(self.beta.to(x.dtype), x, scale.to(x.dtype))

    def aggregate(self, x: Tensor, layout: Layout) -> Tensor:
        """Return G(x), ``(N, C)``, float32 or wider."""
        return layout.spatial_norm(x)

    def after_gelu(self, x: Tensor, layout: Layout) -> Tensor:
        rows = layout.rows(x)
        if rows is None or not is_plain(self, GRN):
            return super().after_gelu(x, layout)
        return gelu_grn(rows, self.gamma, self.beta, self.eps, ops=layout.ops).view_as(x)

    def project(self, x: Tensor, layout: Layout, linear: nn.Linear) -> Tensor:
        rows = layout.rows(x)
        plain = is_plain(self, GRN) and is_plain(linear, nn.Linear) and linear.bias is not None
        if rows is None or not plain:
            return super().project(x, layout, linear)
        rows = gelu_grn_linear(
            rows, self.gamma, self.beta, self.eps, linear.weight, linear.bias, ops=layout.ops
        )
        return rows.unflatten(1, x.shape[1:-1])


class BatchGRN(ScaleAndShift):
    """GRN whose norm runs over the visible sites of the whole mini-batch.

    The official PyTorch pre-training does this (ConvNeXt-V2#86); an image's features then depend
    on the images beside it. Only for reproducing that code.

    Args:
        channels: C.
        eps: Added to the mean norm.
    """

    forward = GRN.forward

    def aggregate(self, x: Tensor, layout: Layout) -> Tensor:
        """Return G of the whole batch, ``(1, C)``, float32 or wider."""
        return torch.linalg.vector_norm(layout.spatial_norm(x), dim=0, keepdim=True)


GRN_SCOPES = {'image': GRN, 'batch': BatchGRN}
