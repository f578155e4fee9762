"""Pillow's bicubic resize, by torch's faster kernel for uint8."""

import numpy as np
import torch
from torch.nn.functional import interpolate


def resize_bicubic(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resize an image, bicubic with antialiasing.

    Values differ from Pillow's BICUBIC by rounding, 1 of 255 for some in a hundred. A few in 10000,
    where the image is saturated, differ by up to 6, since the two clip between their passes in
    another order.

    Args:
        pixels: uint8 ``(h, w, 3)``.
        size: Height and width wanted.

    Returns:
        uint8 ``(*size, 3)``, a view of an array that is laid out channel by channel:
        ``PackInputs`` then has nothing to move.
    """
    # In one piece the kernel is a fifth faster, copying included.
    image = torch.from_numpy(np.ascontiguousarray(pixels)).permute(2, 0, 1)
    image = interpolate(image[None], tuple(size), mode='bicubic', antialias=True)
    return image[0].contiguous().permute(1, 2, 0).numpy()
