"""Which kernels compute: plain torch, Triton on CUDA, or Numba on a CPU."""

from importlib.util import find_spec

import torch
from torch import Tensor

from mmcnx2.checks import check_choice
from mmcnx2.compat.c_compiler import INSTALL, has_c_compiler
from mmcnx2.nn.ops.transforms import needs_plain_torch

OPS = ('auto', 'torch', 'triton', 'numba')
_FAST = {'cuda': 'triton', 'cpu': 'numba'}


def check_ops(ops: str) -> None:
    """Refuse an unknown name, or kernels whose compiler is missing.

    Raises:
        ValueError: Not one of :data:`OPS`.
        ImportError: 'triton' without Triton or a C compiler, or 'numba' without Numba.
    """
    check_choice(OPS, ops=ops)
    if ops in _FAST.values() and find_spec(ops) is None:
        raise ImportError(
            f'ops="{ops}" needs {ops.title()}, which is not installed: pip install {ops}, or use '
            'ops="auto", which takes plain torch then.'
        )
    if ops == 'triton' and not has_c_compiler():
        raise ImportError(
            f'ops="triton" needs a C compiler and Python\'s headers: {INSTALL}, or use ops="auto", '
            'which takes plain torch then.'
        )


def choose_ops(ops: str, device: torch.device) -> str:
    """Return 'torch', 'triton' or 'numba'.

    Args:
        ops: 'auto' takes Triton on CUDA and Numba on a CPU where they are installed and can
            compile, and torch elsewhere.
        device: Device of the images.

    Raises:
        ValueError: 'numba' for images that are not on a CPU.
    """
    if ops == 'numba' and device.type not in ('cpu', 'meta'):
        raise ValueError(
            f'ops="numba" computes on a CPU, but the images are on {device}: use ops="auto".'
        )
    if ops != 'auto':
        return ops
    fast = _FAST.get(device.type)
    return fast if fast and _is_ready(fast) else 'torch'


def choose_ops_for(ops: str, x: Tensor) -> str:
    """Return :func:`choose_ops` of a tensor's device, or 'torch' where somebody follows it.

    Args:
        ops: As for :func:`choose_ops`.
        x: What is computed with, see :func:`needs_plain_torch`.
    """
    return 'torch' if needs_plain_torch(x) else choose_ops(ops, x.device)


def describe_ops(ops: str) -> str:
    """Say in one line which kernels will compute here, for the log."""
    cuda = 'available' if torch.cuda.is_available() else 'not available'
    if ops == 'auto':
        on = {device: choose_ops(ops, torch.device(device)) for device in _FAST}
        where = f'{on["cuda"]} on CUDA, {on["cpu"]} on a CPU'
    else:
        where = 'numba on a CPU alone' if ops == 'numba' else f'{ops} on every device'
    lacking = ops == 'auto' and torch.cuda.is_available() and not has_c_compiler()
    return f"ops='{ops}': {where}; CUDA is {cuda}" + (
        f". Triton's kernels need a C compiler and Python's headers: {INSTALL}" if lacking else ''
    )


def _is_ready(kernels: str) -> bool:
    """Whether kernels are installed, and can be compiled here."""
    return find_spec(kernels) is not None and (kernels != 'triton' or has_c_compiler())
