"""Functions that are commands, too: one signature, one docstring, one reading of the values.

A parameter is annotated as ``Annotated[type, reader]`` with a reader of :mod:`mmcnx2.arguments`,
which takes the text of a command line. Options that several functions share stand in a dataclass,
whose fields take the place of the one parameter that is annotated with it.
"""

import os
from argparse import ArgumentTypeError
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, cleandoc, signature
from textwrap import indent
from typing import Any, get_args, get_origin, get_type_hints


class CallError(ValueError):
    """A value that a parameter does not take.

    Args:
        name: The parameter's.
        reason: What goes on as a sentence behind its name.
    """

    def __init__(self, name: str, reason: str):
        super().__init__(f'{name} {reason}')
        self.name, self.reason = name, reason


def call(function: Callable) -> Callable:
    """Have a function read its values as the command line does, from text or from Python's own.

    Args:
        function: One of its parameters may be annotated with a dataclass: callers see the fields,
            documented by the dataclass's own docstring.

    Raises:
        CallError: By the function, before its first line.
    """
    hints = get_type_hints(function, include_extras=True)
    shared = {n: kind for n, kind in hints.items() if is_dataclass(kind) and n != 'return'}
    own = [
        parameter.replace(annotation=hints.get(name, Parameter.empty))
        for name, parameter in signature(function).parameters.items()
        if name not in shared
    ]
    options = {name: _parameters(kind) for name, kind in shared.items()}
    parameters = [*own, *(each for group in options.values() for each in group)]
    # What must be given stands first, as in every call.
    parameters.sort(key=lambda each: (each.kind, each.default is not Parameter.empty))
    signed = Signature(parameters, return_annotation=hints.get('return', Signature.empty))

    @wraps(function)
    def called(*args, **kwargs):
        bound = signed.bind(*args, **kwargs)
        bound.apply_defaults()
        values = {
            name: read(name, value, signed.parameters[name].annotation)
            for name, value in bound.arguments.items()
        }
        groups = {
            name: kind(**{each.name: values.pop(each.name) for each in options[name]})
            for name, kind in shared.items()
        }
        return function(**values, **groups)

    called.__signature__ = signed
    called.__doc__ = cleandoc(function.__doc__ or '')
    for name, kind in shared.items():
        called.__doc__ = _with_fields(called.__doc__, name, kind)
    del called.__wrapped__  # whose signature is another one
    return called


def read(name: str, value: Any, annotation: Any) -> Any:
    """Read a value as the reader of its annotation does; None, and what has no reader, stays.

    Of a list, the reader takes each item; one item alone is a list of one.

    Raises:
        CallError: The reader refuses it.
    """
    reader = reader_of(annotation)
    if reader is None or value is None:
        return value
    if takes_several(annotation):
        items = value if isinstance(value, list | tuple) else [value]
        return [_read(name, item, reader) for item in items]
    return _read(name, value, reader)


def _read(name: str, value: Any, reader: Callable[[str], Any]) -> Any:
    if isinstance(value, list | tuple):
        value = ','.join(map(str, value))  # as several numbers are written in a word
    text = os.fspath(value) if isinstance(value, os.PathLike) else str(value)
    try:
        return reader(text)
    except ArgumentTypeError as error:
        raise CallError(name, f'is {error}') from None


def reader_of(annotation: Any) -> Callable[[str], Any] | None:
    """Return the function behind the type in ``Annotated[type, function]``, None if none is."""
    metadata = getattr(annotation, '__metadata__', ())
    return metadata[0] if metadata and callable(metadata[0]) else None


def takes_several(annotation: Any) -> bool:
    """Whether a parameter is a list, whose items are read one by one."""
    return get_origin(plain_type(annotation)) is list


def read_mapping(name: str, values: Mapping[str, Any] | list[str] | None) -> dict[str, Any]:
    """Return settings of a config, given as a mapping or as ``KEY=VALUE`` texts.

    Raises:
        CallError: A text is none such.
    """
    from mmcnx2.arguments import setting
    from mmcnx2.shared_options import read_settings

    if isinstance(values, Mapping):
        return dict(values)
    values = [values] if isinstance(values, str) else list(values or ())
    try:
        return read_settings([setting(text) for text in values])
    except (ArgumentTypeError, ValueError) as error:
        raise CallError(name, f'is {error}') from None


def _parameters(kind: type) -> list[Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    return [
        Parameter(
            each.name,
            Parameter.KEYWORD_ONLY,
            default=Parameter.empty if each.default is MISSING else each.default,
            annotation=hints[each.name],
        )
        for each in fields(kind)
    ]


def _with_fields(text: str, name: str, kind: type) -> str:
    """Put the descriptions of a dataclass's fields in the place of the parameter's."""
    described = cleandoc(kind.__doc__).partition('Args:\n')[2]
    entries = indent(cleandoc(described), ' ' * 4)
    lines = text.splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith(f'    {name}:'))
    lines[place] = entries
    return '\n'.join(lines)


def plain_type(annotation: Any) -> Any:
    """Return the type that is annotated, without its reader."""
    return get_args(annotation)[0] if hasattr(annotation, '__metadata__') else annotation
