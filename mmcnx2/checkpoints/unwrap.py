"""The state dict inside a checkpoint: training programs wrap it in different keys."""

from collections.abc import Mapping
from typing import Any

from mmcnx2.checkpoints.recognize import some_of

WEIGHTS = ('state_dict', 'model', 'model_state_dict', 'module')
"""Keys of a model's weights: mmengine, timm and Lightning; the official code; torch; DeepSpeed."""
AVERAGED = ('model_ema', 'state_dict_ema', 'ema_state_dict', 'ema')
"""Keys of their moving average: the official code; timm; others."""
_SWAPPED = {'state_dict', 'ema_state_dict'}
"""mmengine's ``EMAHook`` swaps the two: ``state_dict`` holds the average."""


def unwrap(checkpoint: Mapping[str, Any], *, ema: bool | None = None) -> Mapping[str, Any]:
    """Return the state dict that a checkpoint holds, or the checkpoint if it is one.

    Args:
        checkpoint: What a file held.
        ema: Take the moving average (True), or the weights that were averaged (False). None takes
            what there is; of mmengine's two the one that it would load, the average.

    Raises:
        ValueError: There is no choice between weights and average and ``ema`` is None, or there is
            none of the kind that ``ema`` asks for.
    """
    plain = _holders(checkpoint, WEIGHTS)
    averaged = _holders(checkpoint, AVERAGED)
    if not plain and not averaged:
        if ema:
            raise ValueError(
                f'ema=True, but no averaged weights are among {some_of(checkpoint)}: leave it out.'
            )
        return checkpoint
    if _SWAPPED <= {*plain, *averaged}:
        plain, averaged = ['ema_state_dict'], ['state_dict']
        ema = ema is not False
    elif plain and averaged and ema is None:
        raise ValueError(
            f'the checkpoint holds weights ({plain[0]}) and their moving average ({averaged[0]}): '
            'say which with ema=True or ema=False (--ema, --no-ema).'
        )
    elif ema is None:
        ema = not plain
    chosen = averaged if ema else plain
    if len(chosen) != 1:
        kind = 'averaged' if ema else 'plain'
        raise ValueError(
            f'ema={ema} asks for {kind} weights, but the checkpoint has '
            f'{some_of(plain + averaged)}: keep the one that you mean.'
        )
    return unwrap(checkpoint[chosen[0]])


def _holders(checkpoint: Mapping[str, Any], keys: tuple[str, ...]) -> list[str]:
    return [key for key in keys if isinstance(checkpoint.get(key), Mapping)]
