"""Pictures to what a network takes, as the model's own data preprocessor does it, and back."""

import torch
import torch.nn.functional as F
from mmengine.model import BaseDataPreprocessor
from torch import Tensor, nn


class Pixels(nn.Module):
    """Normalizes pictures and pads them at the right and the bottom.

    Args:
        preprocessor: A model's, of any of the toolboxes.
        channels: Of the images; only pictures, which have 3, have an order of colors.

    Raises:
        ValueError: It pads to a size, not to a multiple of one.
    """

    def __init__(self, preprocessor: BaseDataPreprocessor, channels: int = 3):
        super().__init__()
        # mmseg's has settings of its own for tests, and other names.
        test_cfg = getattr(preprocessor, 'test_cfg', None) or {}
        if test_cfg.get('size'):
            raise ValueError(
                f'data_preprocessor.test_cfg.size={test_cfg["size"]} pads to a size: exported '
                'models pad to multiples, so set test_cfg=dict(size_divisor=32) in its place.'
            )
        own = getattr(preprocessor, 'pad_size_divisor', 1)
        self.divisor = (test_cfg.get('size_divisor') or 1) if test_cfg else own
        self.pad_value = getattr(preprocessor, 'pad_value', getattr(preprocessor, 'pad_val', 0))
        # Files are loaded as BGR and turned round for networks that take RGB; each preprocessor,
        # mmcnx2's and the toolboxes', remembers it by another name.
        names = ('_turns', 'to_rgb', 'channel_conversion', '_channel_conversion')
        turned = any(getattr(preprocessor, name, False) for name in names)
        self.takes_bgr = channels == 3 and not turned
        mean, std = torch.zeros(channels, 1, 1), torch.ones(channels, 1, 1)
        if getattr(preprocessor, '_enable_normalize', False):
            mean, std = preprocessor.mean.detach().cpu(), preprocessor.std.detach().cpu()
        self.register_buffer('mean', mean.clone(), persistent=False)
        self.register_buffer('std', std.clone(), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return float32 ``(N, C, H', W')``.

        Args:
            images: ``(N, H, W, C)``: uint8 RGB, or float32 of other channels as files hold them.
        """
        x = images.permute(0, 3, 1, 2).float()
        if self.takes_bgr:
            x = x.flip(1)
        x = (x - self.mean) / self.std
        if self.divisor == 1:
            return x
        # Of positive numbers alone: ONNX rounds a negative quotient towards zero.
        above = self.divisor - 1
        rows, columns = (
            (side + above) // self.divisor * self.divisor - side for side in x.shape[2:]
        )
        return F.pad(x, (0, columns, 0, rows), value=self.pad_value)


def without_padding(maps: Tensor, height: int, width: int) -> Tensor:
    """Return the upper left part of maps ``(N, H', W')``, ``(N, height, width)``.

    By indices, not as a view: how a view lies in memory depends on whether anything was padded, and
    a traced program would hold for one of the cases alone.
    """
    rows, columns = (torch.arange(side, device=maps.device) for side in (height, width))
    return maps.index_select(1, rows).index_select(2, columns)
