"""Tells a data set of shards which epoch comes, and where in it a resumed run goes on."""

from mmengine.dist import broadcast_object_list, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class ShardEpochHook(Hook):
    """Start each epoch of :class:`mmcnx2.datasets.ImageShards`.

    After a resume within an epoch (checkpoints of ``CheckpointHook(by_epoch=False)``) the run sees
    the batches that it would have seen without the break, images in the same order with the same
    crops and flips. That takes the same number of processes and workers and the same batch size;
    between epochs all of them may change.
    """

    def __init__(self):
        self._saved = None

    def before_train(self, runner: Runner) -> None:
        """Check that the loop has epochs.

        Raises:
            ValueError: If it has none.
        """
        if not isinstance(runner.train_loop, EpochBasedTrainLoop):
            raise ValueError(
                f'train_cfg.type is {type(runner.train_loop).__name__}, but shards are read epoch '
                "by epoch: use train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=...)."
            )

    def before_train_epoch(self, runner: Runner) -> None:
        """Start the epoch.

        Raises:
            ValueError: If it was broken off by a run that shared images out in another way.
        """
        loader = runner.train_dataloader
        done = runner.iter - runner.epoch * len(loader)
        if done > 0 and self._saved not in (None, _sharing(runner)):
            raise ValueError(
                f'the checkpoint was saved within epoch {runner.epoch + 1} with {self._saved}, and '
                f'this run has {_sharing(runner)}: resume with the same, or from a checkpoint at '
                'the end of an epoch.'
            )
        seed = [runner.seed]  # processes may have different ones
        broadcast_object_list(seed)
        loader.dataset.start_epoch(
            runner.epoch,
            seed=seed[0],
            batch_size=loader.batch_size,
            drop_last=loader.drop_last,
            batches_done=done,
        )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note how images are shared out."""
        checkpoint['shards'] = _sharing(runner)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read how images were shared out."""
        self._saved = checkpoint.get('shards')


def _sharing(runner: Runner) -> dict:
    loader = runner.train_dataloader
    return dict(
        images=loader.dataset.index.images,
        processes=get_world_size(),
        num_workers=loader.num_workers,
        batch_size=loader.batch_size,
        drop_last=loader.drop_last,
    )
