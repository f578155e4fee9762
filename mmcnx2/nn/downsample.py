"""The stem and the three downsamples: LayerNorm and a convolution whose kernel is its stride.

Both are sequences, so that their parameters bear mmpretrain's numbers
(``downsample_layers.0.0.weight`` is the stem's convolution), run in a layout. A convolution that is
not plain is called, on maps.
"""

from torch import Tensor, nn

from mmcnx2.nn.layouts import Layout
from mmcnx2.nn.ops.layer_norm import normalize
from mmcnx2.nn.plain import is_plain


class Stem(nn.Sequential):
    """Patch convolution, then LayerNorm.

    Args:
        in_channels: Channels of the images.
        channels: Channels of the first stage.
        patch_size: Kernel and stride in pixels.
    """

    def __init__(self, in_channels: int, channels: int, patch_size: int):
        super().__init__(
            nn.Conv2d(in_channels, channels, patch_size, stride=patch_size),
            nn.LayerNorm(channels, eps=1e-6),
        )

    def forward(self, images: Tensor, layout: Layout) -> Tensor:
        """Return features of ``layout``, the first stage's, from images ``(N, C_in, H, W)``."""
        conv, norm = self
        if is_plain(conv, nn.Conv2d):
            x = layout.embed(images, conv.weight, conv.bias)
        else:
            x = layout.from_maps(conv(images))
        return normalize(norm, x, ops=layout.ops)


class Downsample(nn.Sequential):
    """LayerNorm, then a 2x2 convolution with stride 2.

    Args:
        in_channels: Channels of the previous stage.
        channels: Channels of this stage.
    """

    def __init__(self, in_channels: int, channels: int):
        super().__init__(
            nn.LayerNorm(in_channels, eps=1e-6), nn.Conv2d(in_channels, channels, 2, stride=2)
        )

    def forward(self, x: Tensor, layout: Layout) -> Tensor:
        """Return features of ``layout``, this stage's, from the previous stage's ``x``."""
        norm, conv = self
        x = normalize(norm, x, ops=layout.ops)
        if is_plain(conv, nn.Conv2d):
            return layout.downsample(x, conv.weight, conv.bias)
        return layout.from_maps(conv(layout.finer_to_maps(x)))
