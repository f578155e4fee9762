"""FCMAE's decoder: projection, mask token, plain ConvNeXt V2 blocks, prediction (section 3.1)."""

import torch
from torch import Tensor, nn

from mmcnx2.checks import check_at_least, check_types
from mmcnx2.nn.block import ConvNeXtV2Block
from mmcnx2.nn.convnextv2 import init_convnext_weights
from mmcnx2.nn.layouts import DenseLayout
from mmcnx2.nn.masking import hand_over
from mmcnx2.nn.ops.choice import MAPS, check_ops, choose_ops_for
from mmcnx2.nn.patches import rows_at


class FCMAEDecoder(nn.Module):
    """Fill hidden patches with a learned token and predict the pixels of every patch.

    Args:
        in_channels: Channels of the encoder's last stage.
        embed_dims: Width of the decoder (Table 1c: 512).
        depth: Blocks (Table 1b: 1).
        patch_size: Side of a patch in pixels, the encoder's total stride.
        out_channels: Channels of the images.
        use_grn: GRN in the decoder's blocks, as in the encoder's.
        grn_scope: 'image' or 'batch', as for :class:`ConvNeXtV2`.
        response: What stands in GRN's place instead, as for :class:`ConvNeXtV2`.
        ops: Kernels: 'auto', 'torch', 'triton' or 'numba', as for :class:`ConvNeXtV2`.

    Raises:
        ValueError: An unknown name, or a size below 1.
    """

    @check_types
    def __init__(
        self,
        in_channels: int,
        *,
        embed_dims: int = 512,
        depth: int = 1,
        patch_size: int = 32,
        out_channels: int = 3,
        use_grn: bool = True,
        grn_scope: str = 'image',
        response: str | dict | None = None,
        ops: str = 'auto',
    ):
        super().__init__()
        check_ops(ops)
        check_at_least(
            1,
            in_channels=in_channels,
            embed_dims=embed_dims,
            depth=depth,
            patch_size=patch_size,
            out_channels=out_channels,
        )
        self.ops = ops
        self.proj = nn.Linear(in_channels, embed_dims)
        # One-dimensional, so that `flat_decay_mult=0.` spares it weight decay like GRN's.
        self.mask_token = nn.Parameter(torch.zeros(embed_dims))
        self.blocks = nn.ModuleList(
            ConvNeXtV2Block(embed_dims, use_grn=use_grn, grn_scope=grn_scope, response=response)
            for _ in range(depth)
        )
        self.pred = nn.Linear(embed_dims, patch_size**2 * out_channels)
        self.apply(init_convnext_weights)
        nn.init.normal_(self.mask_token, std=0.02)

    def forward(self, latent: Tensor, visible: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Predict patches.

        Args:
            latent: ``(N, C, h, w)``; what it holds at hidden patches is ignored.
            visible: Bool ``(N, h, w)``, True where the encoder looked.
            chosen: Int64 ``(K,)``, numbers of the patches to predict over ``N * h * w``; None for
                all, the visible ones too.

        Returns:
            ``(N, h * w, patch_size ** 2 * out_channels)``, or ``(K, patch_size ** 2 *
            out_channels)`` of chosen ones; the last axis runs over row, column, color of a patch.
        """
        x = self.proj(latent.permute(0, 2, 3, 1))
        seen = hand_over(visible, x.device).unsqueeze(-1)
        x = torch.where(seen, x, self.mask_token.to(x.dtype))
        layout = DenseLayout(choose_ops_for(self.ops, x, MAPS))
        for block in self.blocks:
            x = block(x, layout)
        return self.pred(rows_at(x.flatten(1, 2), chosen))
