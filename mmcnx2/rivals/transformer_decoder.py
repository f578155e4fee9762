"""A Transformer in place of the ConvNeXt block as FCMAE's decoder (paper Table 1a)."""

import torch
from mmpretrain.models.utils import build_2d_sincos_position_embedding
from torch import Tensor, nn

from mmcnx2.checks import check_at_least, check_types
from mmcnx2.nn.convnextv2 import init_convnext_weights
from mmcnx2.nn.masking import hand_over
from mmcnx2.nn.patches import rows_at


class TransformerDecoder(nn.Module):
    """MAE's decoder on whole patches: tokens, fixed positions, Transformer layers, prediction.

    The paper gives neither depth nor heads; these defaults are MAE's (He et al. 2021).

    Args:
        in_channels: Channels of the encoder's last stage.
        embed_dims: Width, a multiple of 4 and of ``num_heads``.
        depth: Layers.
        num_heads: Attention heads.
        patch_size: Side of a patch in pixels, the encoder's total stride.
        out_channels: Channels of the images.
    """

    @check_types
    def __init__(
        self,
        in_channels: int,
        *,
        embed_dims: int = 512,
        depth: int = 8,
        num_heads: int = 16,
        patch_size: int = 32,
        out_channels: int = 3,
    ):
        super().__init__()
        check_at_least(
            1,
            in_channels=in_channels,
            embed_dims=embed_dims,
            num_heads=num_heads,
            patch_size=patch_size,
            out_channels=out_channels,
        )
        check_at_least(0, depth=depth)
        if embed_dims % num_heads:
            raise ValueError(f'embed_dims={embed_dims} is no multiple of num_heads={num_heads}.')
        self.proj = nn.Linear(in_channels, embed_dims)
        self.mask_token = nn.Parameter(torch.zeros(embed_dims))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                embed_dims,
                num_heads,
                dim_feedforward=4 * embed_dims,
                dropout=0.0,
                activation='gelu',
                layer_norm_eps=1e-6,
                batch_first=True,
                norm_first=True,
            )
            for _ in range(depth)
        )
        self.norm = nn.LayerNorm(embed_dims, eps=1e-6)
        self.pred = nn.Linear(embed_dims, patch_size**2 * out_channels)
        self.apply(init_convnext_weights)
        nn.init.normal_(self.mask_token, std=0.02)

    def forward(self, latent: Tensor, visible: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Predict patches; arguments and result as for :meth:`FCMAEDecoder.forward`."""
        x = self.proj(latent.permute(0, 2, 3, 1))
        x = torch.where(hand_over(visible, x.device).unsqueeze(-1), x, self.mask_token.to(x.dtype))
        h, w = visible.shape[1:]
        # mmpretrain's grid runs column by column: the sides change places to give rows.
        positions = build_2d_sincos_position_embedding((w, h), x.shape[-1])
        x = x.flatten(1, 2) + positions.to(x)
        for layer in self.layers:
            x = layer(x)
        return self.pred(self.norm(rows_at(x, chosen)))
