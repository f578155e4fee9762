"""Numbers that are not finite, found in what a checkpoint is going to hold, or holds."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from mmengine.runner import save_checkpoint
from torch import Tensor, nn

from mmcnx2.processes.pace import rest

PARTS = ('state_dict', 'ema_state_dict', 'optimizer')
CONSTANTS = 'nonfinite_constants'
"""Where a checkpoint names the buffers that are meant not to be finite, such as -inf in a mask."""


class NonFiniteError(OSError):
    """A checkpoint is not written, because it is not finite.

    An ``OSError``, so that whoever saves treats it as any checkpoint that cannot be written.
    """


def find_nonfinite(checkpoint: Mapping[str, Any]) -> list[str]:
    """Name the weights, averaged weights, buffers and optimizer's averages that are not finite.

    Args:
        checkpoint: Checkpoint of mmengine's runner. Buffers that it lists as
            ``nonfinite_constants`` pass.

    Returns:
        Such as ``'state_dict.backbone.norm3.weight'``; empty if all is finite.
    """
    constants = set(checkpoint.get(CONSTANTS, ()))
    return [
        f'{part}.{name}'
        for part in PARTS
        for name, tensor in _tensors(checkpoint.get(part, {}))
        if name.removeprefix('module.') not in constants and not is_finite(tensor)
    ]


def nonfinite_buffers(model: nn.Module) -> list[str]:
    """Name the buffers of a model that are not finite: before training, those are meant so."""
    return [name for name, buffer in model.named_buffers() if not is_finite(buffer)]


def is_finite(tensor: Tensor) -> bool:
    """Whether all numbers of a tensor of any kind are; reads it once and copies nothing."""
    rest()
    if not tensor.numel():
        return True
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    if not tensor.is_floating_point():
        return True
    if tensor.element_size() == 1:  # float8, which cannot be compared
        tensor = tensor.float()
    low, high = torch.aminmax(tensor.detach())  # both are NaN where anything is
    return bool(torch.isfinite(low) & torch.isfinite(high))


def describe(names: list[str]) -> str:
    """Say which numbers are not finite."""
    more = f' and {len(names) - 1} others are' if len(names) > 1 else ' is'
    return f"'{names[0]}'{more} not finite"


def check_finite(checkpoint: Mapping[str, Any], aside: str, *backend: dict | None) -> None:
    """Put a checkpoint aside that is not finite.

    Args:
        checkpoint: Checkpoint of mmengine's runner.
        aside: Path of the file that then holds its weights.
        backend: mmengine's ``file_client_args`` and ``backend_args``.

    Raises:
        NonFiniteError: It is not.
    """
    if names := find_nonfinite(checkpoint):
        raise NonFiniteError(f'{describe(names)}; {_put_aside(checkpoint, aside, *backend)}')


def _put_aside(checkpoint: Mapping[str, Any], path: str, *backend: dict | None) -> str:
    """Write the weights of a checkpoint that is not finite into a file that no run goes on from.

    Args:
        checkpoint: Checkpoint of mmengine's runner.
        path: Path of the file.
        backend: mmengine's ``file_client_args`` and ``backend_args``.

    Returns:
        Where they are, as the end of a sentence.
    """
    left_out = ('optimizer', 'param_schedulers')
    state = {name: value for name, value in checkpoint.items() if name not in left_out}
    try:
        save_checkpoint(state, path, *backend)
    except OSError as error:
        return f'there is no copy to look at ({error})'
    return f"a copy of the weights to look at is in '{path}'"


def _tensors(tree: Any, path: str = '') -> Iterator[tuple[str, Tensor]]:
    if isinstance(tree, Tensor):
        yield path, tree
    elif isinstance(tree, Mapping | list | tuple):
        entries = tree.items() if isinstance(tree, Mapping) else enumerate(tree)
        for key, value in entries:
            yield from _tensors(value, f'{path}.{key}' if path else str(key))
