"""Which dialect a state dict speaks, and its tensors in this package's names and shapes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from torch import Tensor

from mmcnx2.checkpoints.architecture import Architecture
from mmcnx2.checkpoints.dialects import READABLE, Dialect, Row
from mmcnx2.checkpoints.names import rename

_FIRST_BLOCK = 'stages.0.0.depthwise_conv.weight'
_COUNTERS = ('steps', 'n_averaged')
"""What averaged models of mmengine and torch count beside the weights under ``module.``."""


@dataclass(frozen=True)
class Recognized:
    """A state dict that was understood.

    Attributes:
        dialect: What it speaks.
        prefix: What stands before the encoder's names in it, such as ``backbone.`` or ``module.``.
        architecture: The size of the model.
        tensors: In this package's names of the whole model: ``backbone.``, ``neck.`` (decoder) and
            ``head.fc.``. They may share memory with the state dict's.
        sources: The name that each of ``tensors`` had.
        extra: What is no part of a ConvNeXt V2, under its own name: a detector's neck, say.
    """

    dialect: Dialect
    prefix: str
    architecture: Architecture
    tensors: dict[str, Tensor]
    sources: dict[str, str]
    extra: dict[str, Tensor] = field(default_factory=dict)

    @property
    def parts(self) -> set[str]:
        """What is there beside the encoder: 'head', 'decoder'."""
        architecture = self.architecture
        parts = {'decoder': architecture.decoder_dims, 'head': architecture.num_classes}
        return {part for part, size in parts.items() if size}


def recognize(state_dict: Mapping[str, Tensor]) -> Recognized:
    """Understand a state dict by its names and shapes.

    Args:
        state_dict: Tensors by name. What holds the encoder there (``backbone.``, ``encoder.``,
            ``module.``, ...) does not matter.

    Raises:
        ValueError: It is no ConvNeXt V2 of a known dialect, or of more than one, or parts of it are
            missing or have shapes that do not fit together. The message names the keys.
    """
    return _read(*find_dialect(state_dict), state_dict)


def find_dialect(state_dict: Mapping[str, Tensor]) -> tuple[Dialect, str]:
    """Find what a state dict speaks, without reading it: quick, and enough to decide by.

    Args:
        state_dict: As for :func:`recognize`.

    Returns:
        The dialect, and the key of the encoder's first block.

    Raises:
        ValueError: It is no ConvNeXt V2 of a known dialect, or of more than one.
    """
    for name, value in state_dict.items():
        if not isinstance(value, Tensor):
            raise ValueError(
                f'{name!r} is a {type(value).__name__}, but a state dict holds tensors: give the '
                'one inside the checkpoint, or the checkpoint with its usual keys (model, '
                'state_dict).'
            )
    found = [(d, key) for d in READABLE for key in _first_blocks(d, state_dict)]
    if not found:
        raise ValueError(
            f'no known dialect of ConvNeXt V2 has keys such as {some_of(state_dict)}: known are '
            f'{", ".join(dialect.title for dialect in READABLE)}.'
        )
    if len(found) > 1:
        spoken = ', '.join(f'{key} ({dialect.title})' for dialect, key in found)
        raise ValueError(f'there is more than one encoder, {spoken}: keep the keys of one of them.')
    return found[0]


def some_of(names: Iterable[str], limit: int = 4) -> str:
    """Return the first few names, and how many more there are."""
    names = list(names)
    more = f' and {len(names) - limit} more' if len(names) > limit else ''
    return (', '.join(names[:limit]) or 'none') + more


def _first_blocks(dialect: Dialect, state_dict: Mapping[str, Tensor]) -> list[str]:
    """Return the keys of first blocks: one an encoder, whatever stands before its name."""
    anchor = _anchor(dialect)
    return [key for key in state_dict if key == anchor or key.endswith(f'.{anchor}')]


@cache
def _anchor(dialect: Dialect) -> str:
    """Return the name of the first block's convolution in a dialect's encoder."""
    return _rename(_FIRST_BLOCK, dialect.encoder, last=0, reading=False)[0]


def _read(dialect: Dialect, first_block: str, state_dict: Mapping[str, Tensor]) -> Recognized:
    anchor = _anchor(dialect)
    prefix = first_block[: -len(anchor)]
    beside = dialect.beside_of(prefix)
    last = _last_stage(anchor, prefix, state_dict)
    named, extra = {}, {}
    for key, tensor in state_dict.items():
        ours, form = None, None
        if key.startswith(prefix):
            ours, form = _rename(key[len(prefix) :], dialect.encoder, last=last)
            ours = ours and f'backbone.{ours}'
        if ours is None and key.startswith(beside):
            ours, form = _rename(key[len(beside) :], dialect.beside, last=last)
        if ours is None:
            if key not in _COUNTERS or not prefix.startswith('module.'):
                extra[key.removeprefix(beside)] = tensor
            continue
        try:
            value = form.read(tensor)
        except (RuntimeError, IndexError):
            raise ValueError(
                f'{key} has shape {tuple(tensor.shape)}, which does not fit {dialect.title}.'
            ) from None
        if ours not in named:
            named[ours] = (key, value)
        elif not _equal(named[ours][1], value):  # else another name of the same
            extra[key.removeprefix(beside)] = tensor
    return _check(dialect, prefix, named, extra)


def _equal(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool((one == other).all())


def _last_stage(anchor: str, prefix: str, state_dict: Mapping[str, Tensor]) -> int:
    stages = prefix + anchor.partition('0')[0]  # all that stands before the number of a stage
    numbers = (key[len(stages) :].split('.')[0] for key in state_dict if key.startswith(stages))
    return max((int(number) for number in numbers if number.isdecimal()), default=0)


def _check(dialect: Dialect, prefix: str, named: dict, extra: dict) -> Recognized:
    """Refuse what is incomplete or does not fit together, and bring the rest into shape."""
    try:
        architecture = Architecture.of({ours: tensor for ours, (_, tensor) in named.items()})
    except (KeyError, IndexError) as error:
        raise ValueError(
            f'the {dialect.title} checkpoint is incomplete: nothing in it stands for {error}.'
        ) from None
    shapes = architecture.shapes()
    if missing := [name for name in shapes if name not in named]:
        raise ValueError(
            f'the {dialect.title} checkpoint is incomplete: nothing in it stands for '
            f'{some_of(missing)}.'
        )
    tensors, sources = {}, {}
    for ours, (key, tensor) in named.items():
        if ours not in shapes:
            extra[key] = tensor
            continue
        if [n for n in tensor.shape if n > 1] != [n for n in shapes[ours] if n > 1]:
            raise ValueError(
                f'{key} has shape {tuple(tensor.shape)}, but in {dialect.title} of {architecture} '
                f'it is {shapes[ours]}, up to axes of length one.'
            )
        tensors[ours], sources[ours] = tensor.reshape(shapes[ours]), key
    return Recognized(dialect, prefix, architecture, tensors, sources, extra)


def _rename(name: str, rows: tuple[Row, ...], *, last: int, reading: bool = True):
    """Return the first row's translation of a name and its form, or two None."""
    for row in rows:
        templates = (row.theirs, row.ours) if reading else (row.ours, row.theirs)
        if (translated := rename(name, *templates, last=last)) is not None:
            return translated, row.form
    return None, None
