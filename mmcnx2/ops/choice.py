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


def describe_ops(ops: str) -> str:
    """Say in one line which kernels will compute here, for the log."""
    on_cuda = choose_ops(ops, torch.device('cuda'))
    elsewhere = choose_ops(ops, torch.device('cpu'))
    where = 'on every device' if on_cuda == elsewhere else f'on CUDA, {elsewhere} elsewhere'
    cuda = 'available' if torch.cuda.is_available() else 'not available'
    return f"ops='{ops}': {on_cuda} {where}; CUDA is {cuda}"
