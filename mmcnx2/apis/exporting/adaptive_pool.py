"""Pooling to a fixed number of cells from maps of any size, by a product of matrices.

ONNX has no operator that does it where the size is known at run time alone.
"""

import torch
from torch import Tensor, nn


class AdaptivePool(nn.Module):
    """What ``nn.AdaptiveAvgPool2d`` computes.

    Args:
        rows: Cells from top to bottom.
        columns: Cells from left to right.
    """

    def __init__(self, rows: int, columns: int):
        super().__init__()
        self.rows, self.columns = rows, columns

    def forward(self, x: Tensor) -> Tensor:
        """Average ``(N, C, H, W)`` to ``(N, C, rows, columns)``."""
        rows = _weights(x, x.shape[2], self.rows)
        columns = _weights(x, x.shape[3], self.columns)
        return rows @ x @ columns.transpose(0, 1)


def replace_adaptive_pools(module: nn.Module) -> None:
    """Put :class:`AdaptivePool` in the place of torch's, at any depth, in place."""
    for name, child in module.named_children():
        if isinstance(child, nn.AdaptiveAvgPool2d):
            size = child.output_size
            setattr(module, name, AdaptivePool(*(size if isinstance(size, tuple) else (size,) * 2)))
        else:
            replace_adaptive_pools(child)


def _weights(x: Tensor, length: int, cells: int) -> Tensor:
    """What each cell takes of each site, ``(cells, length)``: sites that it touches, alike."""
    cell = torch.arange(cells, device=x.device)[:, None]
    starts = cell * length // cells
    ends = ((cell + 1) * length + cells - 1) // cells
    site = torch.arange(length, device=x.device)
    touched = (site >= starts) & (site < ends)
    return (touched / (ends - starts)).to(x.dtype)
