"""Going back to a checkpoint in the middle of a run."""

from collections.abc import Callable

from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner


class RollBack(Exception):
    """Raised within a training step of a loop that :func:`allow_rollback` has prepared."""


def allow_rollback(runner: Runner, restore: Callable[[], None]) -> None:
    """Have a training loop go on from elsewhere, when a hook raises :class:`RollBack` in a step.

    Args:
        runner: In ``before_train``.
        restore: Loads the checkpoint and puts the data loader in its place.

    Raises:
        ValueError: The loop is none of mmengine's.
    """
    loop = runner.train_loop
    if isinstance(loop, IterBasedTrainLoop):
        run_iter = loop.run_iter

        def repeat(data_batch: dict) -> None:
            while True:
                try:
                    return run_iter(data_batch)
                except RollBack:
                    restore()
                    for _ in range(loop.iter + 1):
                        data_batch = next(loop.dataloader_iterator)

        loop.run_iter = repeat
    elif isinstance(loop, EpochBasedTrainLoop):
        run_epoch = loop.run_epoch

        def repeat() -> None:
            while True:
                try:
                    return run_epoch()
                except RollBack:
                    restore()

        loop.run_epoch = repeat
    else:
        raise ValueError(
            f'train_cfg.type is {type(loop).__name__}, in which a run cannot go back: use '
            'EpochBasedTrainLoop or IterBasedTrainLoop, or take rollbacks out of LossSpikeHook.'
        )
