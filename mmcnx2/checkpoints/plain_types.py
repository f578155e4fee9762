"""Checkpoints that every torch and mmengine opens: what they hold beside tensors, in plain types.

``torch.load(weights_only=True)`` knows tensors, numbers, strings and containers. mmengine stores
histories of losses, numpy's numbers and whatever hooks leave in its message hub as well. Before
saving, those become plain values in their places, and a table beside them says what each was; after
reading they are that again. A program that does not know the table finds the plain values.
"""

import copy
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mmcnx2.compat.stand_ins import Array, imported

TYPES = 'stored_types'
"""Key of the table: the keys and indices that lead to a value, to what it was."""

_PLAIN = (type(None), bool, int, float, complex, str, torch.Size, torch.device, torch.dtype)
_NUMBERS = (
    *('bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64'),
    *('float16', 'float32', 'float64', 'complex64', 'complex128'),
)
_DICTS = (dict, OrderedDict, Counter)


def make_plain(checkpoint: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Replace what plain torch refuses to read.

    Args:
        checkpoint: As it is to be saved; nothing in it is changed.

    Returns:
        The checkpoint to save, and what has no plain form and is left out of the dict that holds
        it: dotted names to types.
    """
    plain, types, left_out = _plain_entries(checkpoint, around=())
    if types:
        plain = {**plain, TYPES: types}
    return dict(plain), {'.'.join(map(str, path)): name for path, name in left_out.items()}


def restore_types(checkpoint: Any) -> None:
    """Undo :func:`make_plain` in place; what has no table stays as it is.

    Args:
        checkpoint: As it was read.

    Raises:
        ValueError: The table does not fit the rest.
    """
    types = checkpoint.pop(TYPES, {}) if isinstance(checkpoint, dict) else {}
    try:
        # What stands within something comes before it.
        for path in sorted(types, key=len, reverse=True):
            _replace(checkpoint, path, _FORMS[types[path]].restore)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f'its table of types does not fit the rest: {error!r}') from None


class _Form(NamedTuple):
    """How a type is stored, as something simpler, and back."""

    store: Callable[[Any], Any]
    restore: Callable[[Any], Any]


class _Stored(NamedTuple):
    """A plain value; within it, what was of which type and what was left out, by their paths."""

    value: Any
    types: dict[tuple, str] = {}
    left_out: dict[tuple, str] = {}


class _NoForm(Exception):
    """Something has no plain form: its name."""


def _plain(value: Any, around: tuple[int, ...]) -> _Stored:
    """Store a value.

    Args:
        value: Value of any type.
        around: Identities of the containers that it is in.

    Raises:
        _NoForm: It, or something in it that cannot be left out of it, cannot be stored.
    """
    kind = type(value)
    if kind in _PLAIN or (kind is bytes and value):
        return _Stored(value)
    if isinstance(value, Tensor):
        return _Stored(_plain_tensor(value))
    if id(value) in around:
        raise _NoForm('a container that holds itself')
    around = (*around, id(value))
    if kind in _DICTS:
        return _plain_entries(value, around)
    if kind in (list, tuple):
        return _plain_items(value, around)
    if kind is set:
        return _Stored({_plain_key(entry) for entry in value})
    name = _name(kind)
    if name not in _FORMS:
        raise _NoForm(name)
    stored = _plain(_FORMS[name].store(value), around)
    if stored.left_out:  # half of it is nothing
        raise _NoForm(f'{name} with {next(iter(stored.left_out.values()))}')
    return stored._replace(types={**stored.types, (): name})


def _plain_entries(mapping: Mapping, around: tuple[int, ...]) -> _Stored:
    entries, types, left_out = {}, {}, {}
    for key, value in mapping.items():
        try:
            key = _plain_key(key)
            stored = _plain(value, around)
        except _NoForm as error:
            left_out[(key,)] = str(error)
            continue
        entries[key] = stored.value
        types |= {(key, *path): name for path, name in stored.types.items()}
        left_out |= {(key, *path): name for path, name in stored.left_out.items()}
    same = zip(entries.items(), mapping.items(), strict=False)
    if len(entries) < len(mapping) or not all(a is c and b is d for (a, b), (c, d) in same):
        copied = copy.copy(mapping)  # with the attributes of a state dict
        copied.clear()
        copied.update(entries)
        mapping = copied
    return _Stored(mapping, types, left_out)


def _plain_items(items: list | tuple, around: tuple[int, ...]) -> _Stored:
    stored = [_plain(item, around) for item in items]
    types, left_out = (
        {(i, *path): name for i, one in enumerate(stored) for path, name in one[part].items()}
        for part in (1, 2)
    )
    return _Stored(type(items)(one.value for one in stored), types, left_out)


def _plain_tensor(tensor: Tensor) -> Tensor:
    """Return a tensor without its subclass, unless that is how its numbers are stored."""
    kind = type(tensor)
    if kind in (Tensor, torch.nn.Parameter) and not vars(tensor):
        return tensor
    if kind.__torch_dispatch__ is not Tensor.__torch_dispatch__:  # a share of it, or quantized
        return tensor
    return tensor.detach().as_subclass(Tensor)


def _plain_key(key: Hashable) -> Hashable:
    """Return a dict's key, of which numpy's numbers are equal to Python's."""
    if type(key) is tuple:
        return tuple(map(_plain_key, key))
    if isinstance(key, np.generic) and _name(type(key)) in _FORMS:
        return key.item()
    if type(key) in _PLAIN or (type(key) is bytes and key):
        return key
    raise _NoForm(_name(type(key)))


def _replace(holder: Any, path: tuple, restore: Callable[[Any], Any]) -> None:
    """Replace what a path leads to; a tuple on the way is replaced as well."""
    *way, last = path
    if way and isinstance(inner := _follow(holder, way), tuple):
        changed = list(inner)
        changed[last] = restore(changed[last])
        _replace(holder, tuple(way), lambda _: tuple(changed))
    else:
        inner = _follow(holder, way)
        inner[last] = restore(inner[last])


def _follow(holder: Any, path: list) -> Any:
    for key in path:
        holder = holder[key]
    return holder


def _name(kind: type) -> str:
    """Return a type's name in the table, the same with every version of numpy and Python."""
    if kind is Array:
        kind = np.ndarray
    if issubclass(kind, np.generic):
        return f'numpy.{np.dtype(kind).name}'
    if issubclass(kind, Path):
        return 'pathlib.Path'
    return f'{kind.__module__}.{kind.__qualname__}'


def _tensor_of(array: np.ndarray) -> Tensor:
    if array.dtype.name not in _NUMBERS:
        raise _NoForm(f'numpy.ndarray of {array.dtype}')
    # A copy in the machine's order of bytes, of the one type that torch knows of each size.
    copied = np.empty(array.shape, array.dtype.name)
    copied[...] = array
    return torch.from_numpy(copied)


def _rows_of(history: Any) -> dict[str, Any]:
    values, counts = map(_tensor_of, history.data)
    return dict(values=values, counts=counts, max_length=history.max_length)


def _history_buffer(parts: dict[str, Any]) -> Any:
    if (kind := imported('mmengine.logging', 'HistoryBuffer')) is None:
        return parts  # nobody asks it for statistics
    values, counts = (parts[row].cpu().numpy() for row in ('values', 'counts'))
    return kind(values, counts, parts['max_length'])


def _config_dict(entries: dict[str, Any]) -> Any:
    return (imported('mmengine.config', 'ConfigDict') or dict)(entries)


_FORMS = {
    **{
        f'numpy.{name}': _Form(lambda number: number.item(), np.dtype(name).type)
        for name in _NUMBERS
    },
    'numpy.ndarray': _Form(_tensor_of, lambda tensor: tensor.cpu().numpy()),
    'builtins.bytes': _Form(lambda empty: '', lambda empty: b''),
    'pathlib.Path': _Form(str, Path),
    'mmengine.config.config.ConfigDict': _Form(lambda value: value.to_dict(), _config_dict),
    'mmengine.logging.history_buffer.HistoryBuffer': _Form(_rows_of, _history_buffer),
}
