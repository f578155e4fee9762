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
    between epochs all of them may change. The checkpoint says how many batches of its epoch are
    done, since the number of steps says nothing of that once a batch size has changed.
    """

    priority = 'VERY_HIGH'  # a batch is counted before a checkpoint is written

    def __init__(self):
        self._saved = None
        self._epoch = self._batches_done = 0

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read how far the epoch was, and how images were shared out."""
        if runner._resume:
            self._saved = checkpoint.get('shards')

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
        self._epoch = runner.epoch
        self._batches_done = self._batches_to_skip(runner)
        self._saved = None
        seed = [runner.seed]  # processes may have different ones
        broadcast_object_list(seed)
        loader.dataset.start_epoch(
            runner.epoch,
            seed=seed[0],
            batch_size=loader.batch_size,
            drop_last=loader.drop_last,
            batches_done=self._batches_done,
        )

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Count a batch."""
        self._batches_done += 1

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note how far the epoch is, and how images are shared out."""
        within = checkpoint['meta']['epoch'] == self._epoch
        checkpoint['shards'] = dict(
            sharing=_sharing(runner),
            batches=len(runner.train_dataloader),
            batches_done=self._batches_done if within else 0,
        )

    def _batches_to_skip(self, runner: Runner) -> int:
        """Return how many batches of the coming epoch the checkpoint's run has done."""
        if not self._saved or not self._saved['batches_done']:
            return 0
        if self._saved['batches_done'] == self._saved['batches']:
            return len(runner.train_dataloader)  # all of it, in batches of whatever size
        if self._saved['sharing'] != _sharing(runner):
            raise ValueError(
                f'the checkpoint was saved within epoch {runner.epoch + 1} with '
                f'{self._saved["sharing"]}, and this run has {_sharing(runner)}: resume with the '
                'same, or from a checkpoint at the end of an epoch.'
            )
        return self._saved['batches_done']


def _sharing(runner: Runner) -> dict:
    loader = runner.train_dataloader
    return dict(
        images=loader.dataset.index.images,
        processes=get_world_size(),
        num_workers=loader.num_workers,
        batch_size=loader.batch_size,
        drop_last=loader.drop_last,
    )
