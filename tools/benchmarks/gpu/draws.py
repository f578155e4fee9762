"""Random features, parameters and masks that are the same in every run."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gpu.setting import Setting
from mmcnx2.nn.masking import RandomMasking, indices_of


def draw(setting: Setting, *shape: int, seed: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Draw normal numbers on the setting's device."""
    generator = torch.Generator(setting.device).manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype, device=setting.device)


def draw_patches(setting: Setting, images: int) -> tuple[Tensor, tuple[int, int, int]]:
    """Draw which patches are visible.

    Returns:
        Their numbers over all images, int64 ``(N * T,)``, and images, rows and columns of the grid.
    """
    visible = draw_visible(setting, images)
    return indices_of(visible, setting.device), tuple(visible.shape)


def draw_visible(setting: Setting, images: int) -> Tensor:
    """Draw a mask, bool ``(N, h, w)`` on the CPU, True where the encoder may look."""
    count, side = setting.patches
    return RandomMasking(1 - count / side**2, seed=0)(images, side, side)


def sizes(setting: Setting, real: Sequence, toy: Sequence) -> Sequence:
    """Return the sizes to look at."""
    return toy if setting.dry else real
