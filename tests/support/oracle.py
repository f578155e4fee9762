"""Reference tensors of the official FCMAE on MinkowskiEngine, read in this package's names.

The files lie outside the repository, in ``../shared/oracle`` or where ``MMCNX2_ORACLE`` points.
"""

import os
import re
from pathlib import Path

import torch
from torch import Tensor

FOLDER = Path(
    os.environ.get('MMCNX2_ORACLE', Path(__file__).parents[3] / 'shared' / 'oracle')
)

_RENAMES = (
    (r'^encoder\.', 'backbone.'),
    (r'^decoder\.', 'neck.blocks.'),
    (r'^(proj|pred|mask_token)', r'neck.\1'),
    (r'dwconv', 'depthwise_conv'),
    (r'pwconv([12])(\.linear)?', r'pointwise_conv\1'),
    (r'\.ln\.', '.'),
    (r'\.kernel$', '.weight'),
)


def read(name: str) -> dict:
    """Load one file of plain tensors and numbers."""
    return torch.load(FOLDER / name, weights_only=True)


def translate(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Give the official sparse state dict, or gradients shaped like it, this package's names."""
    result = {}
    for name, tensor in tensors.items():
        ours = name
        for pattern, replacement in _RENAMES:
            ours = re.sub(pattern, replacement, ours)
        if name.endswith('kernel'):
            tensor = _unroll_kernel(tensor)
        elif re.search(r'(proj|pred)\.weight$', name):
            tensor = tensor.flatten(1)
        elif tensor.shape[0] == 1 and tensor.dim() > 1:
            tensor = tensor.flatten()
        result[ours] = tensor
    return result


def _unroll_kernel(kernel: Tensor) -> Tensor:
    """MinkowskiEngine numbers a window column by column; torch wants (out, in, row, column)."""
    side = int(kernel.shape[0] ** 0.5)
    grid = kernel.unflatten(0, (side, side)).transpose(0, 1)
    if kernel.dim() == 2:  # depthwise: (k * k, C)
        return grid.permute(2, 0, 1).unsqueeze(1)
    return grid.permute(3, 2, 0, 1)  # (k * k, in, out)
