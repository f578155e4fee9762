"""Reference tensors of the official FCMAE on MinkowskiEngine.

The files lie outside the repository, in ``../shared/oracle`` or where ``MMCNX2_ORACLE`` points.
"""

import os
from pathlib import Path

import torch

FOLDER = Path(os.environ.get('MMCNX2_ORACLE', Path(__file__).parents[3] / 'shared' / 'oracle'))


def read(name: str) -> dict:
    """Load one file of plain tensors and numbers."""
    return torch.load(FOLDER / name, weights_only=True)
