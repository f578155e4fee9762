"""Which kernels compute: plain torch, Triton on CUDA, or Numba on a CPU."""

from importlib.util import find_spec

import torch
from torch import Tensor

from mmcnx2.checks import check_choice
from mmcnx2.compat.c_compiler import INSTALL, has_c_compiler
from mmcnx2.nn.ops.transforms import needs_plain_torch

OPS = ('auto', 'torch', 'triton', 'numba')
_COMPILED = OPS[2:]
PACKED, MAPS = 'packed blocks', 'whole maps'
FASTEST = {('cpu', PACKED): 'numba', ('cpu', MAPS): 'torch'}
"""What 'auto' takes: the fastest by docs/performance.md. What is missing here was not measured."""


def check_ops(ops: str) -> None:
    """Refuse an unknown name, or kernels whose compiler is missing.

    Raises:
        ValueError: Not one of :data:`OPS`.
        ImportError: 'triton' without Triton or a C compiler, or 'numba' without Numba.
    """
    check_choice(OPS, ops=ops)
    if ops in _COMPILED and find_spec(ops) is None:
        raise ImportError(
            f'ops="{ops}" needs {ops.title()}, which is not installed: pip install {ops}, or use '
            'ops="auto", which takes plain torch then.'
        )
    if ops == 'triton' and not has_c_compiler():
        raise ImportError(
            f'ops="triton" needs a C compiler and Python\'s headers: {INSTALL}, or use ops="auto", '
            'which takes plain torch then.'
        )


def choose_ops(ops: str, device: torch.device, features: str) -> str:
    """Return 'torch', 'triton' or 'numba'.

    Args:
        ops: 'auto' takes what was measured to be the fastest, where it is installed and can
            compile, and plain torch where nothing was measured.
        device: Device of the images.
        features: :data:`PACKED` or :data:`MAPS`, what is computed with.

    Raises:
        ValueError: 'numba' for images that are not on a CPU.
    """
    if ops == 'numba' and device.type not in ('cpu', 'meta'):
        raise ValueError(
            f'ops="numba" computes on a CPU, but the images are on {device}: use ops="auto".'
        )
    if ops != 'auto':
        return ops
    fast = FASTEST.get((device.type, features), 'torch')
    return fast if _is_ready(fast) else 'torch'


def choose_ops_for(ops: str, x: Tensor, features: str) -> str:
    """Return :func:`choose_ops` of a tensor's device, or 'torch' where somebody follows it.

    Args:
        ops: As for :func:`choose_ops`.
        x: What is computed with, see :func:`needs_plain_torch`.
        features: As for :func:`choose_ops`.
    """
    return 'torch' if needs_plain_torch(x) else choose_ops(ops, x.device, features)


def describe_ops(ops: str) -> str:
    """Say in one line which kernels will compute here, and why, for the log."""
    cuda = 'available' if torch.cuda.is_available() else 'not available'
    if ops == 'auto':
        where = '; '.join(
            ', '.join(_describe_choice(device, features) for features in (PACKED, MAPS))
            for device in ('cuda', 'cpu')
        )
    else:
        where = 'numba on a CPU alone' if ops == 'numba' else f'{ops} on every device'
    return f"ops='{ops}': {where}; CUDA is {cuda}"


def _describe_choice(device: str, features: str) -> str:
    """Say what 'auto' takes on a device, and why."""
    chosen = choose_ops('auto', torch.device(device), features)
    fastest = FASTEST.get((device, features))
    if fastest is None:
        why = "nothing was measured there: ops='triton' takes its kernels"
    elif chosen == fastest:
        why = 'measured'
    else:
        why = f'{fastest} is faster, but cannot be used here'
    return f'{features} by {chosen} on {device.upper()} ({why})'


def _is_ready(kernels: str) -> bool:
    """Whether kernels are installed, and can be compiled here."""
    if kernels == 'torch':
        return True
    return find_spec(kernels) is not None and (kernels != 'triton' or has_c_compiler())
