"""Where tests of kernels run: on the CPU, and as tests that bear the mark ``gpu`` on a GPU.

On the CPU, Triton's kernels run in its interpreter (tests/conftest.py). Triton either interprets
or compiles, for all of a process: where a GPU is here, it compiles.
"""

import os

import pytest
import torch

DEVICES = ('cpu', pytest.param('cuda', marks=pytest.mark.gpu))


def triton_device(name: str) -> torch.device:
    """Return a device that Triton runs on here; a test on the CPU is skipped if it compiles.

    Args:
        name: One of :data:`DEVICES`.
    """
    interprets = os.environ.get('TRITON_INTERPRET') == '1'
    if name == 'cpu' and not interprets:
        pytest.skip('Triton compiles for the GPU that is here')
    assert name == 'cpu' or not interprets, 'on the GPU nothing is shown by TRITON_INTERPRET=1'
    return torch.device(name)
