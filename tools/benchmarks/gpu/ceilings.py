"""What this card can do at most, as large copies and products show it."""

from collections.abc import Iterator

import torch

from gpu.comparison import seconds_of
from gpu.draws import draw
from gpu.row import Row
from gpu.setting import Setting


def measure(setting: Setting) -> Iterator[Row]:
    """Yield a row with the card, its bandwidth and its arithmetic."""
    size = 2**10 if setting.dry else 2**30
    source = torch.zeros(size, dtype=torch.uint8, device=setting.device)
    target = torch.empty_like(source)
    copying = seconds_of(setting, lambda: target.copy_(source))
    side = 64 if setting.dry else 8192
    one, other = (draw(setting, side, side, seed=i, dtype=torch.bfloat16) for i in range(2))
    product = seconds_of(setting, lambda: one @ other)
    yield Row(
        'ceilings',
        dict(
            card=setting.card,
            TB_per_s=2 * size / copying / 1e12,
            TFLOP_per_s=2 * side**3 / product / 1e12,
            torch=torch.__version__,
            cuDNN=str(torch.backends.cudnn.version()),
        ),
    )
