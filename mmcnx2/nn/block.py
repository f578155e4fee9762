"""The ConvNeXt block, V2 (with GRN) or V1 (with LayerScale), in any layout."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from mmcnx2.nn.drop_path import DropPath
from mmcnx2.nn.layouts import Layout
from mmcnx2.nn.ops.layer_norm import adds_shift, normalize
from mmcnx2.nn.plain import is_plain
from mmcnx2.nn.response import build_response


class ConvNeXtV2Block(nn.Module):
    """Depthwise conv, LayerNorm, expand 4x, GELU, GRN, project, residual (paper Figure 5).

    Args:
        channels: C.
        drop_path_rate: Probability of dropping the branch of an image.
        use_grn: GRN after GELU (V2) or nothing (V1).
        layer_scale_init_value: Initial value of a learned scale of the branch (V1: 1e-6), 0 for
            none (V2).
        grn_scope: 'image' (the paper), or 'batch' (the official PyTorch pre-training).
        response: What stands in GRN's place instead: a key of
            :data:`mmcnx2.nn.response.RESPONSES`, or ``dict(type=key, **options)``.
        with_cp: Recompute the branch in the backward instead of keeping its activations.
    """

    def __init__(
        self,
        channels: int,
        *,
        drop_path_rate: float = 0.0,
        use_grn: bool = True,
        layer_scale_init_value: float = 0.0,
        grn_scope: str = 'image',
        response: str | dict | None = None,
        with_cp: bool = False,
    ):
        super().__init__()
        self.depthwise_conv = nn.Conv2d(channels, channels, 7, padding=3, groups=channels)
        self.norm = nn.LayerNorm(channels, eps=1e-6)
        self.pointwise_conv1 = nn.Linear(channels, 4 * channels)
        self.grn = build_response(4 * channels, response, use_grn=use_grn, grn_scope=grn_scope)
        self.pointwise_conv2 = nn.Linear(4 * channels, channels)
        self.gamma = (
            nn.Parameter(torch.full((channels,), layer_scale_init_value))
            if layer_scale_init_value > 0
            else None
        )
        self.drop_path = DropPath(drop_path_rate)
        self.with_cp = with_cp

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return features of the shape of ``x``, which lives in ``layout``, channels last."""
        if self.with_cp and x.requires_grad is True:  # which a symbol of torch.fx is not
            branch = checkpoint(self.branch, x, layout, use_reentrant=False)
        else:
            branch = self.branch(x, layout)
        return x + self.drop_path(branch, layout)

    def branch(self, x: Tensor, layout: Layout) -> Tensor:
        """Return what the block adds to ``x``."""
        x = self.expand(x, layout)
        if self.grn is None:
            x = self.pointwise_conv2(F.gelu(x))
        else:
            x = self.grn.project(x, layout, self.pointwise_conv2)
        return x if self.gamma is None else x * self.gamma

    def expand(self, x: Tensor, layout: Layout) -> Tensor:
        """Return the 4C channels before GELU."""
        conv, shift = self.depthwise_conv, None
        if not is_plain(conv, nn.Conv2d):
            x = layout.from_maps(conv(layout.to_maps(x)))
        elif adds_shift(self.norm, x, layout.ops):
            x, shift = layout.depthwise_conv(x, conv.weight, None), conv.bias
        else:
            x = layout.depthwise_conv(x, conv.weight, conv.bias)
        return self.pointwise_conv1(normalize(self.norm, x, ops=layout.ops, shift=shift))

    def expanded(self, x: Tensor, layout: Layout) -> Tensor:
        """Return the 4C channels that are projected: after GELU (V1), after GRN (V2).

        Training does not call this: it may compute GRN and the projection as one. It is for
        looking at what the paper's Figures 3 and 4 show.
        """
        x = self.expand(x, layout)
        return F.gelu(x) if self.grn is None else self.grn.after_gelu(x, layout)
