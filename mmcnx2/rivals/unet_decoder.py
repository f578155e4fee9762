"""UNets in place of the ConvNeXt block as FCMAE's decoder (paper Table 1a). Need torch alone."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from mmcnx2.checks import check_at_least, check_types
from mmcnx2.nn.block import ConvNeXtV2Block
from mmcnx2.nn.convnextv2 import init_convnext_weights
from mmcnx2.nn.layouts import DenseLayout, Layout
from mmcnx2.nn.masking import hand_over
from mmcnx2.nn.ops.choice import MAPS, check_ops, choose_ops_for
from mmcnx2.nn.patches import patchify, rows_at, upsample


class Rise(nn.Module):
    """From one stage to the finer one before it: 2x2 transposed convolution, then a block.

    Args:
        in_channels: Channels of the coarse stage.
        channels: Channels of the fine stage.
        options: Options of :class:`ConvNeXtV2Block`.
    """

    def __init__(self, in_channels: int, channels: int, **options):
        super().__init__()
        self.up = nn.Linear(in_channels, 4 * channels)
        self.block = ConvNeXtV2Block(channels, **options)

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return ``(N, 2H, 2W, C)`` from ``(N, H, W, C_in)``; ``layout`` is the fine stage's."""
        return self.block(self.enlarge(x), layout)

    def enlarge(self, x: Tensor) -> Tensor:
        """Return ``(N, 2H, 2W, C)``: kernel and stride are 2, so this is a matrix product."""
        return _spread(self.up(x), 2)


class SkipRise(Rise):
    """A :class:`Rise` that merges the encoder's features of the fine stage before the block.

    Args:
        in_channels: Channels of the coarse stage.
        channels: Channels of the fine stage.
        options: Options of :class:`ConvNeXtV2Block`.
    """

    def __init__(self, in_channels: int, channels: int, **options):
        super().__init__(in_channels, channels, **options)
        self.mask_token = nn.Parameter(torch.zeros(channels))
        self.merge = nn.Linear(2 * channels, channels)
        nn.init.normal_(self.mask_token, std=0.02)

    def forward(self, x: Tensor, skip: Tensor, visible: Tensor, layout: Layout) -> Tensor:
        """Return ``(N, 2H, 2W, C)``.

        Args:
            x: ``(N, H, W, C_in)``.
            skip: The encoder's map of the fine stage, ``(N, C, 2H, 2W)``.
            visible: Bool ``(N, h, w)`` in patches, True where the encoder looked.
            layout: The fine stage's.
        """
        skip = fill(skip, visible, self.mask_token)
        return self.block(self.merge(torch.cat((self.enlarge(x), skip), dim=-1)), layout)


class UNetDecoder(nn.Module):
    """Climb from the encoder's last stage to its first, a block a stage, and predict pixels there.

    The paper does not describe its UNet. This one mirrors the encoder's widths and has the blocks
    of the ConvNeXt decoder, so that its shape alone makes the difference.

    Args:
        in_channels: Channels of all stages of the encoder, finest first.
        patch_size: Side of a patch in pixels, the encoder's total stride.
        out_channels: Channels of the images.
        use_grn: GRN in the blocks, as in the encoder's.
        ops: Kernels: 'auto', 'torch', 'triton' or 'numba', as for :class:`ConvNeXtV2`.
    """

    rise = Rise

    @check_types
    def __init__(
        self,
        in_channels: Sequence[int],
        *,
        patch_size: int = 32,
        out_channels: int = 3,
        use_grn: bool = True,
        ops: str = 'auto',
    ):
        super().__init__()
        check_ops(ops)
        self.ops = ops
        channels = list(in_channels)
        if min(channels, default=0) < 1:
            raise ValueError(f'in_channels={in_channels}, but 1 or more of each stage is expected.')
        check_at_least(2 ** (len(channels) - 1), patch_size=patch_size)
        check_at_least(1, out_channels=out_channels)
        self.mask_token = nn.Parameter(torch.zeros(channels[-1]))
        self.rises = nn.ModuleList(
            self.rise(coarse, fine, use_grn=use_grn) for coarse, fine in pairwise(channels[::-1])
        )
        self.sites = 2 ** len(self.rises)  # of the first stage, along a patch
        self.pixels = patch_size // self.sites  # along such a site
        self.pred = nn.Linear(channels[0], self.pixels**2 * out_channels)
        self.apply(init_convnext_weights)
        nn.init.normal_(self.mask_token, std=0.02)

    def forward(self, latent: Tensor, visible: Tensor, chosen: Tensor | None = None) -> Tensor:
        """Predict patches; arguments and result as for :meth:`FCMAEDecoder.forward`."""
        x = fill(latent, visible, self.mask_token)
        for rise, layout in zip(self.rises, self.plan(x), strict=True):
            x = rise(x, layout)
        return rows_at(self.predict(x), chosen)

    def plan(self, x: Tensor) -> list[Layout]:
        """Return a layout of whole maps for each rise of ``x``, the latent features."""
        ops = choose_ops_for(self.ops, x, MAPS)
        return DenseLayout.plan(None, [1] * len(self.rises), x.device, ops=ops)

    def predict(self, x: Tensor) -> Tensor:
        """Return ``(N, h * w, p * p * C)`` rows of patches from the first stage's features."""
        images = _spread(self.pred(x), self.pixels).permute(0, 3, 1, 2)
        return patchify(images, self.sites * self.pixels)


class SkipUNetDecoder(UNetDecoder):
    """A :class:`UNetDecoder` that also sees the encoder's finer stages, for :class:`SkipFCMAE`.

    Args:
        in_channels: Channels of all stages of the encoder, finest first.
        options: Options of :class:`UNetDecoder`.
    """

    rise = SkipRise

    def forward(
        self, maps: Sequence[Tensor], visible: Tensor, chosen: Tensor | None = None
    ) -> Tensor:
        """Predict patches.

        Args:
            maps: The encoder's, ``(N, C, H, W)`` each, finest first; what they hold at hidden sites
                is ignored.
            visible: Bool ``(N, h, w)``, True where the encoder looked.
            chosen: As for :meth:`FCMAEDecoder.forward`.

        Returns:
            As :meth:`FCMAEDecoder.forward`.
        """
        *finer, latent = maps
        x = fill(latent, visible, self.mask_token)
        for rise, skip, layout in zip(self.rises, reversed(finer), self.plan(x), strict=True):
            x = rise(x, skip, visible, layout)
        return rows_at(self.predict(x), chosen)


def fill(maps: Tensor, visible: Tensor, token: Tensor) -> Tensor:
    """Put a token at hidden sites, and channels last.

    Args:
        maps: ``(N, C, H, W)``.
        visible: Bool ``(N, h, w)``, True where the encoder looked; h divides H, and w divides W.
        token: ``(C,)``.

    Returns:
        ``(N, H, W, C)``.
    """
    seen = upsample(hand_over(visible, maps.device), maps.shape[2] // visible.shape[1])
    return torch.where(seen.unsqueeze(-1), maps.permute(0, 2, 3, 1), token.to(maps.dtype))


def _spread(x: Tensor, k: int) -> Tensor:
    """Turn ``(N, H, W, k * k * C)`` into ``(N, k * H, k * W, C)``; rows, columns, channels."""
    return x.unflatten(-1, (k, k, -1)).transpose(2, 3).flatten(3, 4).flatten(1, 2)
