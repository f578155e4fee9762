"""Global Response Normalization (paper section 3.3, eqs. 1 to 3 and Algorithm 1)."""

import torch
from torch import Tensor, nn

from mmcnx2.nn.after_gelu import ScaleAndShift
from mmcnx2.nn.layouts import Layout
from mmcnx2.nn.ops.grn import gelu_grn, gelu_grn_linear


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
        if rows is None:
            return super().after_gelu(x, layout)
        return gelu_grn(rows, self.gamma, self.beta, self.eps, ops=layout.ops).view_as(x)

    def project(self, x: Tensor, layout: Layout, linear: nn.Linear) -> Tensor:
        rows = layout.rows(x)
        if rows is None or not _is_plain(linear):
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


def _is_plain(linear: nn.Module) -> bool:
    """Whether weight and bias are all there is to a layer: no adapter, no pruning, no hook."""
    hooked = linear._forward_pre_hooks or linear._forward_hooks
    return type(linear) is nn.Linear and linear.bias is not None and not hooked


GRN_SCOPES = {'image': GRN, 'batch': BatchGRN}
