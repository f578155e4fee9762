"""Whether a run can go on from a checkpoint: refused in a sentence before anything is loaded."""

from collections.abc import Mapping
from typing import Any

from mmengine.hooks import EMAHook
from mmengine.runner import Runner
from torch import nn

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.checkpoints.recognize import some_of
from mmcnx2.checkpoints.zoo import misfits
from mmcnx2.engine.resuming.refusal import WAY_OUT, CannotStartError

_PARTS = ('meta', 'state_dict', 'message_hub', 'optimizer')


def missing_state(checkpoint: Mapping[str, Any]) -> list[str]:
    """Return what a checkpoint lacks of what a run saves, empty if it is a run's.

    Args:
        checkpoint: As it was read.
    """
    missing = [part for part in _PARTS if not isinstance(checkpoint.get(part), Mapping)]
    meta = checkpoint['meta'] if 'meta' not in missing else {}
    counts = {key: meta.get(key) for key in ('epoch', 'iter')}
    return missing + [f'meta.{k}' for k, v in counts.items() if type(v) is not int or v < 0]


def check_state(checkpoint: Mapping[str, Any], *, path: str) -> None:
    """Refuse a checkpoint that no run has saved.

    Args:
        checkpoint: As it was read.
        path: For the sentence.

    Raises:
        CheckpointError: It lacks something.
    """
    if missing := missing_state(checkpoint):
        raise CheckpointError(
            f"checkpoint '{path}' holds no state of a run to go on from (it lacks "
            f'{", ".join(missing)}): start from its weights with load_from instead of --resume.'
        )


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
    check_state(checkpoint, path=path)
    # As mmengine does.
    weights = {k.removeprefix('module.'): v for k, v in checkpoint['state_dict'].items()}
    if wrong := misfits(model, weights, parts=('',)):
        raise CheckpointError(
            f"checkpoint '{path}' is not one of this config's model ({some_of(wrong)}): give the "
            'config that it was trained with, or start from its weights with load_from instead of '
            '--resume.'
        )


def check_run(runner: Runner, checkpoint: Mapping[str, Any]) -> None:
    """Refuse to go on where averages or the loop are not those of the checkpoint.

    Args:
        runner: Its hooks and loop built from the config.
        checkpoint: That it is about to load.

    Raises:
        CannotStartError: Names what differs.
    """
    averages = any(isinstance(hook, EMAHook) for hook in runner.hooks)
    if 'ema_state_dict' in checkpoint and not averages:
        # state_dict then holds the averages, and the optimizer's state belongs to the others.
        raise CannotStartError(
            'the checkpoint averages weights and the config has no EMAHook in custom_hooks: keep '
            f'it to go on, or {WAY_OUT}.'
        )
    loop = type(runner.train_loop).__name__
    saved = checkpoint.get('progress', {}).get('loop', loop)
    if loop != saved:
        raise CannotStartError(
            f'train_cfg.type is {loop}, and the checkpoint was saved by {saved}, which counts in '
            f'another way: resume with that one, or {WAY_OUT}.'
        )
