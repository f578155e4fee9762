"""Let ``torch.load`` read mmengine's own checkpoints while it refuses everything else.

Upstream: torch >= 2.6 loads weights only, and mmengine 0.10.7 stores ``HistoryBuffer`` objects and
numpy arrays and scalars beside the weights, so ``--resume`` fails (open-mmlab/mmengine#1655).

Can go when mmengine registers these classes itself, or stores plain lists.

The few classes are allowed by name. ``weights_only`` stays on: a checkpoint from a stranger must
not run code. A ``HistoryBuffer`` is stored with its own methods, which pickle writes as calls of
``getattr``; that name is read as a function that knows those methods and nothing else.
"""

import pickle
from collections.abc import Callable
from importlib.util import find_spec


def allow_mmengine_classes() -> None:
    """Allow the classes in mmengine's checkpoints (idempotent).

    Does nothing without mmengine or torch, or before torch could be told (2.6, when it began to
    matter).
    """
    if find_spec('mmengine') is None or find_spec('torch') is None:
        return
    import torch

    if not hasattr(torch.serialization, 'safe_globals'):
        return
    torch.serialization.add_safe_globals(_classes())


def _classes() -> list:
    """What a checkpoint of mmengine may hold: each entry a class, or (object, name in the file).

    None of them does more than hold numbers. numpy renamed ``numpy.core`` to ``numpy._core`` in
    2.0: files written with either are read with either.
    """
    import numpy as np
    from mmengine.logging.history_buffer import HistoryBuffer

    try:
        from numpy._core import multiarray
    except ImportError:  # numpy 1
        from numpy.core import multiarray

    renamed = [
        (getattr(multiarray, function), f'numpy.{core}.multiarray.{function}')
        for function in ('_reconstruct', 'scalar')
        for core in ('_core', 'core')
    ]
    codes = '?bhilqBHILQefdg'  # bool, signed, unsigned and floating numbers
    dtypes = sorted({type(np.dtype(code)) for code in codes}, key=lambda dtype: dtype.__name__)
    return [
        HistoryBuffer,
        (_statistic_of_history_buffer, 'builtins.getattr'),
        np.ndarray,
        np.dtype,
        *renamed,
        *dtypes,
    ]


def _statistic_of_history_buffer(owner: type, name: str) -> Callable:
    """Stand for ``getattr`` inside a checkpoint: the real one would reach any code.

    Raises:
        pickle.UnpicklingError: The file asks for anything but a statistic of ``HistoryBuffer``.
    """
    from mmengine.logging.history_buffer import HistoryBuffer

    if owner is not HistoryBuffer or name not in ('min', 'max', 'current', 'mean'):
        raise pickle.UnpicklingError(
            f'The checkpoint asks for attribute {name!r} of {owner!r}, which could run code; only '
            'the statistics of HistoryBuffer are allowed: do not use this file.'
        )
    return getattr(HistoryBuffer, name)
