"""Masks of boxes at the place and the size of their boxes."""

import torch
from torch import Tensor


def paste(masks: Tensor, boxes: Tensor, height: int, width: int) -> Tensor:
    """Interpolate masks bilinearly into pictures, 0 outside, as mmdet does by sampling a grid.

    Rows and columns are interpolated one after the other, a product of matrices each: nothing of
    the grid's size is needed.

    Args:
        masks: ``(K, m, m)`` floating.
        boxes: ``(K, 4)``, x1, y1, x2, y2 in pixels.
        height: Of the picture.
        width: Of the picture.

    Returns:
        ``(K, height, width)``.
    """
    rows = _weights(boxes[:, 1], boxes[:, 3], height, masks.shape[1])
    columns = _weights(boxes[:, 0], boxes[:, 2], width, masks.shape[2])
    return rows @ masks @ columns.transpose(1, 2)


def _weights(start: Tensor, end: Tensor, length: int, cells: int) -> Tensor:
    """What each pixel takes of each cell, ``(K, length, cells)``."""
    centers = torch.arange(length, device=start.device, dtype=start.dtype) + 0.5
    # An empty box lies beside every pixel.
    sides = (end - start).clamp(min=1e-6)
    at = (centers - start[:, None]) / sides[:, None] * cells - 0.5
    distance = at[..., None] - torch.arange(cells, device=start.device, dtype=start.dtype)
    return (1 - distance.abs()).clamp(min=0)
