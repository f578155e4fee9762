"""Arguments of a wrong type or size, refused in a sentence. Needs nothing but Python."""

import math
import os
import types
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import wraps
from inspect import Parameter, formatannotation, signature
from numbers import Integral, Real
from reprlib import Repr
from typing import Any, Union, get_args, get_origin

_repr = Repr()
_repr.maxstring = _repr.maxother = 80


def check_types(function: Callable) -> Callable:
    """Have a function, such as an ``__init__``, refuse arguments that are not as annotated.

    As in configs, a whole number passes for a ``float``, a list for a tuple and any mapping for a
    ``dict``; a bool passes for no number, a string for no sequence, NaN and infinity for nothing.
    What else a value must be is the function's to say.

    Raises:
        TypeError: By the function, before its first line.
    """
    signed = signature(function)

    @wraps(function)
    def checked(*args, **kwargs):
        for name, value in signed.bind(*args, **kwargs).arguments.items():
            parameter = signed.parameters[name]
            if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
                continue
            if not _fits(value, parameter.annotation):
                wanted = formatannotation(parameter.annotation).replace('collections.abc.', '')
                raise TypeError(f'{name}={_repr.repr(value)}, but {wanted} is expected.')
        return function(*args, **kwargs)

    return checked


def check_at_least(minimum: float, **values: float | None) -> None:
    """Refuse numbers that are too small.

    Args:
        minimum: The smallest that will do.
        values: The arguments by name; None passes.

    Raises:
        ValueError: With the first one's name and value.
    """
    for name, value in values.items():
        if value is not None and value < minimum:
            raise ValueError(f'{name}={value}, but {minimum} or more is expected.')


def check_not_empty(**paths: str | os.PathLike | None) -> None:
    """Refuse paths of no letters, which the system would take for the current folder or for ``/``.

    Args:
        paths: The arguments by name; None passes.

    Raises:
        ValueError: With the first one's name.
    """
    for name, path in paths.items():
        if path is not None and not str(path).strip():
            raise ValueError(
                f'{name} is empty, but a path is expected: was the variable that it was to come '
                'from set?'
            )


def check_no_address(**paths: str | os.PathLike) -> None:
    """Refuse addresses where folders are looked through.

    Args:
        paths: The arguments by name.

    Raises:
        ValueError: With the first one's name and value.
    """
    for name, path in paths.items():
        if '://' in str(path):
            raise ValueError(
                f"{name}='{path}' is an address, but a folder of this machine is expected: "
                'download it or mount it; over http(s), shards are read (docs/data_path.md).'
            )


def check_choice(choices: Collection[str], **values: str) -> None:
    """Refuse a name that is not one of those that are known.

    Args:
        choices: Those that are.
        values: The arguments by name.

    Raises:
        ValueError: With the first one's name and value.
    """
    for name, value in values.items():
        if value not in choices:
            raise ValueError(f'{name}={value!r} is unknown: use one of {", ".join(choices)}.')


def _fits(value: Any, annotation: Any) -> bool:
    kind, inner = get_origin(annotation) or annotation, get_args(annotation)
    if kind in (Union, types.UnionType):
        return any(_fits(value, option) for option in inner)
    if kind in (Parameter.empty, Any):
        return True
    if kind in (None, types.NoneType):
        return value is None
    if kind in (int, float):
        number = isinstance(value, Integral if kind is int else Real)
        return number and not isinstance(value, bool) and math.isfinite(value)
    if kind in (dict, Mapping):
        return isinstance(value, Mapping)
    if kind in (Sequence, list, tuple):
        return _fits_sequence(value, kind, inner)
    return isinstance(value, kind)


def _fits_sequence(value: Any, kind: type, inner: tuple) -> bool:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return False
    if kind is tuple and inner[-1:] != (...,):
        return len(value) == len(inner) and all(map(_fits, value, inner))
    return all(_fits(entry, inner[0]) for entry in value) if inner else True
