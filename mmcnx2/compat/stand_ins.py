"""What mmengine's and timm's checkpoints hold beside tensors, rebuilt by functions that check.

``torch.load(weights_only=True)`` calls what it was told to allow, with arguments of the file's
choice, and hands an object of an allowed class any state that the file names. ``numpy.dtype`` and
``numpy.ndarray`` must not be allowed like that: a data type's state says whether bytes are
addresses of objects, so a crafted file writes where it likes. The names that the files use are
read as what stands here instead, which takes numbers in the one form that numpy writes.
"""

import argparse
import math
import sys
from pickle import UnpicklingError
from typing import Any

import numpy as np

_STATISTICS = ('min', 'max', 'current', 'mean')
_STATISTICS_KEY = 'statistics_methods'
_HISTORY = ('_log_history', '_count_history', 'max_length')
# Bool, signed, unsigned, floating and complex numbers, as pickles name them: 'b1', 'i8', 'f4', ...
_NUMBERS = {np.dtype(code).str[1:] for code in '?bhilqBHILQefdgFD'}


def imported(module: str, name: str) -> Any:
    """Return something of a package if the program uses the package, else None."""
    return getattr(sys.modules.get(module), name, None)


class _DType:
    """Stands for ``numpy.dtype``: one of the numbers, in an order of bytes."""

    def __init__(self, code: Any = None, align: Any = False, copy: Any = True):
        if type(code) is not str or code not in _NUMBERS:
            raise UnpicklingError('a data type is not one of numbers')
        self.dtype = np.dtype(code)

    def __setstate__(self, state: Any) -> None:
        # Version, order, three things that only structures have, size and alignment of strings,
        # and flags.
        if not (
            type(state) is tuple
            and len(state) == 8
            and state[1] in ('<', '>', '=', '|')
            and (*state[:1], *state[2:]) == (3, None, None, None, -1, -1, 0)
        ):
            raise UnpicklingError('a data type has a state that numpy gives to no number')
        self.dtype = self.dtype.newbyteorder(state[1])


class Array(np.ndarray):
    """Stands for ``numpy.ndarray``: empty, and filled with numbers once."""

    def __new__(cls):  # takes nothing: a buffer of the file's would become addresses
        return super().__new__(cls, 0)

    def __setstate__(self, state: Any) -> None:
        if self.size or type(state) is not tuple or len(state) != 5:
            raise UnpicklingError('an array is filled in a way that numpy does not write')
        version, shape, dtype, _, data = state
        whole = type(shape) is tuple and all(type(n) is int and n >= 0 for n in shape)
        if not (version == 1 and whole and type(data) is bytes):
            raise UnpicklingError('an array has a shape or bytes that numpy does not write')
        dtype = _numbers(dtype)
        if math.prod(shape) * dtype.itemsize != len(data):
            raise UnpicklingError('an array does not have as many bytes as its numbers need')
        super().__setstate__((1, shape, dtype, bool(state[3]), data))

    def __reduce_ex__(self, protocol: int):
        return self.view(np.ndarray).__reduce_ex__(protocol)


class _HistoryBuffer:
    """Stands for mmengine's ``HistoryBuffer`` and becomes one, in a program that uses mmengine."""

    def __setstate__(self, state: Any) -> None:
        if type(state) is not dict or state.keys() - {_STATISTICS_KEY} != set(_HISTORY):
            raise UnpicklingError('a HistoryBuffer has a state that mmengine does not write')
        # Its statistics are not looked at: HistoryBuffer knows its own, and the program registers
        # others.
        values, counts, length = (state[key] for key in _HISTORY)
        arrays = type(values) is type(counts) is Array and values.ndim == counts.ndim == 1
        if not (arrays and type(length) is int and length > 0 and len(values) == len(counts)):
            raise UnpicklingError('a HistoryBuffer holds something other than two rows of numbers')
        self.__dict__.update({key: state[key] for key in _HISTORY})
        if known := imported('mmengine.logging', 'HistoryBuffer'):
            self.__class__ = known
            self.__init__(values, counts, length)


class _Namespace(argparse.Namespace):
    """Stands for ``argparse.Namespace`` and becomes one: the arguments of a training program."""

    def __setstate__(self, state: Any) -> None:
        if type(state) is not dict or not all(
            type(name) is str and not name.startswith('__') for name in state
        ):
            raise UnpicklingError('a Namespace holds something other than arguments by name')
        self.__class__ = argparse.Namespace
        self.__dict__.update(state)


def _numbers(dtype: Any) -> np.dtype:
    if type(dtype) is not _DType or 'dtype' not in vars(dtype):
        raise UnpicklingError('numbers come without the data type that numpy writes')
    return dtype.dtype


def _reconstruct(kind: Any, shape: Any, code: Any) -> Array:
    if kind is not Array or shape != (0,) or code != b'b':
        raise UnpicklingError('an array begins in a way that numpy does not write')
    return Array()


def _scalar(dtype: Any, data: Any = b'') -> np.generic:
    dtype = _numbers(dtype)
    if type(data) is not bytes or len(data) != dtype.itemsize:
        raise UnpicklingError('a number does not have as many bytes as it needs')
    return np.frombuffer(data, dtype)[0]


def _statistic(owner: Any, name: Any) -> str:
    """Stand for ``getattr``, which pickle calls for the statistics; the real one reaches code."""
    if owner is not _HistoryBuffer or name not in _STATISTICS:
        raise UnpicklingError(
            'it asks for an attribute other than the statistics of a HistoryBuffer, which could '
            'run code'
        )
    return name


def _empty_bytes() -> bytes:
    return b''


# What torch.serialization.add_safe_globals takes: an object, and its name in the file. numpy 2.0
# renamed numpy.core to numpy._core: files written with either are read with either.
STAND_INS = (
    (_DType, 'numpy.dtype'),
    (Array, 'numpy.ndarray'),
    *((_reconstruct, f'numpy.{core}.multiarray._reconstruct') for core in ('core', '_core')),
    *((_scalar, f'numpy.{core}.multiarray.scalar') for core in ('core', '_core')),
    (_empty_bytes, 'builtins.bytes'),
    (_HistoryBuffer, 'mmengine.logging.history_buffer.HistoryBuffer'),
    (_statistic, 'builtins.getattr'),
    (_Namespace, 'argparse.Namespace'),
)
