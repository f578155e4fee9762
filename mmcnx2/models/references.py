"""Numbers of a model's parts that stand elsewhere in its config, so that one key changes them all.

A part of a model may name such a number instead of repeating it:

``'backbone.channels'``
    Widths of all stages; ``'backbone.channels[-1]'`` is the last one.
``'backbone.out_channels'``
    Widths of the outputs, those of ``out_indices``; ``[2]`` is the third one.
``'backbone.in_channels'``
    Channels of the images.
``'backbone.stride'``
    Pixels between two sites of the last stage, the side of FCMAE's patches.
``'model.num_classes'``
    What the model is given as ``num_classes``.
"""

import re
from collections.abc import Mapping
from inspect import signature
from typing import Any

from mmengine.logging import print_log
from torch import nn

from mmcnx2.checks import check_at_least, check_types
from mmcnx2.nn.convnextv2 import ConvNeXtV2, read_arch, read_out_indices

_REFERENCE = re.compile(
    r'(?P<of>backbone|model)\.(?P<name>channels|out_channels|in_channels|stride|num_classes)'
    r'(?:\[(?P<index>-?\d+)\])?'
)
_DEFAULTS = {name: each.default for name, each in signature(ConvNeXtV2).parameters.items()}


class WithReferences:
    """A model of a toolbox, before which this is a base, whose parts may name numbers.

    Args:
        backbone: Config of the backbone, or the backbone itself, of which nothing can be named.
        num_classes: What ``'model.num_classes'`` stands for.
        parts: Other arguments of the model, in which names are replaced.

    Raises:
        ValueError: See :func:`resolve`.
    """

    @check_types
    def __init__(self, backbone: dict | nn.Module, *, num_classes: int | None = None, **parts: Any):
        check_at_least(1, num_classes=num_classes)
        parts, numbers = resolve(parts, backbone=backbone, num_classes=num_classes)
        log_numbers(self, numbers)
        super().__init__(backbone=backbone, **parts)


def resolve(
    parts: Mapping[str, Any], *, backbone: dict | nn.Module, num_classes: int | None = None
) -> tuple[dict[str, Any], dict[str, int | list[int]]]:
    """Put the numbers that the parts of a model name where they name them.

    Args:
        parts: Configs of the parts by name, at any depth; not changed.
        backbone: Config of the backbone, as :class:`.ConvNeXtV2` takes it.
        num_classes: Number of classes.

    Returns:
        The parts with numbers, and the numbers alone by dotted key.

    Raises:
        ValueError: What is named is not there: a backbone that does not say its ``arch``, a stage
            that it does not have, a number of classes that is not given.
    """
    numbers = {}

    def fill(node: Any, key: str) -> Any:
        if isinstance(node, Mapping):
            return type(node)({k: fill(v, f'{key}.{k}' if key else k) for k, v in node.items()})
        if isinstance(node, list | tuple):
            return type(node)([fill(entry, f'{key}.{i}') for i, entry in enumerate(node)])
        found = _REFERENCE.fullmatch(node) if isinstance(node, str) else None
        if not found:
            return node
        known = dict(num_classes=num_classes) if found['of'] == 'model' else _facts(backbone)
        number = known.get(found['name'])
        if number is None:
            owner = 'model' if found['of'] == 'model' else 'model.backbone'
            raise ValueError(f"{key}='{node}', but {owner} does not say it: give {key} a number.")
        if found['index']:
            try:
                number = number[int(found['index'])]
            except (IndexError, TypeError):
                raise ValueError(f"{key}='{node}', but that is {number}.") from None
        numbers[key] = number
        return number

    return fill(dict(parts), ''), numbers


def with_numbers(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model's config as it is once :func:`resolve` has filled in its parts.

    Args:
        model: With ``backbone`` and perhaps ``num_classes``; not changed.

    Raises:
        ValueError: See :func:`resolve`.
    """
    parts = {key: value for key, value in model.items() if key not in ('backbone', 'num_classes')}
    named = dict(backbone=model.get('backbone'), num_classes=model.get('num_classes'))
    return type(model)({**model, **resolve(parts, **named)[0]})


def log_numbers(model: nn.Module, numbers: Mapping[str, int | list[int]]) -> None:
    """Log what :func:`resolve` has found for a model."""
    if numbers:
        said = ', '.join(f'{key}={number}' for key, number in numbers.items())
        print_log(f'{type(model).__name__}: {said}.', logger='current')


def _facts(backbone: dict | nn.Module) -> dict[str, int | list[int]]:
    """Return what can be named of a backbone, nothing of one of another kind."""
    if not isinstance(backbone, Mapping) or 'arch' not in backbone:
        return {}
    given = {**_DEFAULTS, **backbone}
    _, channels = read_arch(given['arch'])
    outputs = read_out_indices(given['out_indices'], len(channels))
    return dict(
        channels=list(channels),
        out_channels=[channels[i] for i in outputs],
        in_channels=given['in_channels'],
        stride=given['stem_patch_size'] * 2 ** (len(channels) - 1),
    )
