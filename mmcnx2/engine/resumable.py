"""Whether a run can go on from a checkpoint: refused in a sentence before anything is loaded."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.checkpoints.recognise import some_of
from mmcnx2.checkpoints.zoo import misfits

_PARTS = ('meta', 'state_dict', 'message_hub', 'optimizer')


def check_resumable(checkpoint: Mapping[str, Any], model: nn.Module, *, path: str) -> None:
    """Refuse a checkpoint that a run does not go on from as it was.

    mmengine would warn of weights that do not fit and train on with those that it has.

    Args:
        checkpoint: As mmengine's runner saves it.
        model: Not wrapped.
        path: For the sentence.

    Raises:
        CheckpointError: It holds no state of a run, or the weights of another model.
    """
    missing = [part for part in _PARTS if not isinstance(checkpoint.get(part), Mapping)]
    meta = checkpoint['meta'] if 'meta' not in missing else {}
    missing += [f'meta.{key}' for key in ('epoch', 'iter') if type(meta.get(key)) is not int]
    if missing:
        raise CheckpointError(
            f"checkpoint '{path}' holds no state of a run to go on from (it lacks "
            f'{", ".join(missing)}): start from its weights with load_from instead of --resume.'
        )
    # As mmengine does.
    weights = {k.removeprefix('module.'): v for k, v in checkpoint['state_dict'].items()}
    if wrong := misfits(model, weights, parts=('',)):
        raise CheckpointError(
            f"checkpoint '{path}' is not one of this config's model ({some_of(wrong)}): give the "
            'config that it was trained with, or start from its weights with load_from instead of '
            '--resume.'
        )
