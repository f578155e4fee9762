"""Which kernels compute: plain torch or Triton."""

from importlib.util import find_spec

import torch

OPS = ('auto', 'torch', 'triton')


def check_ops(ops: str) -> None:
    """Refuse an unknown name, or Triton where it is missing.

    Raises:
        ValueError: Not one of :data:`OPS`.
        ImportError: 'triton' without Triton.
    """
    if ops not in OPS:
        raise ValueError(f'ops={ops!r} is unknown: use one of {", ".join(OPS)}.')
    if ops == 'triton' and find_spec('triton') is None:
        raise ImportError(
            'ops="triton" needs Triton, which is not installed: pip install triton, or use '
            'ops="auto", which takes plain torch then.'
        )


def choose_ops(ops: str, device: torch.device) -> str:
    """Return 'torch' or 'triton'.

    Args:
        ops: 'auto' takes Triton on CUDA where it is installed, and torch elsewhere.
        device: Of the images.
    """
    if ops != 'auto':
        return ops
    return 'triton' if device.type == 'cuda' and find_spec('triton') else 'torch'
