"""Goes on exactly where a run was broken off, within an epoch, too."""

import logging

from mmengine.dist import broadcast_object_list, get_rank, get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from mmcnx2.datasets.seeding import SeededBatches, SeededItems, derive_seed, seed_process
from mmcnx2.engine.batches import inner_model
from mmcnx2.engine.latest_checkpoint import latest_good_checkpoint
from mmcnx2.engine.resumable import check_resumable
from mmcnx2.engine.resumed_rate import follow_rate
from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Make a run that was broken off end as if it had not been.

    - ``resume=True`` without ``load_from`` takes the checkpoint that got furthest among those that
      are whole, and names those that are not.
    - What a step draws (masks, dropped paths, mixed images) follows from the run's seed and the
      number of the step; what a sample's transforms draw, from its place in the epoch. So there
      is no random state to save, and a run does not depend on the number of its workers.
    - The order of the data is that of the run that was broken off, also if its config has no seed,
      and an epoch goes on behind its last finished batch.

    On the same machine with the same software, number of processes and batch size, weights are
    equal to the bit on a CPU. If processes or batch size have changed, a broken-off epoch goes on
    behind as many images. Data sets without indices look after their order themselves
    (:class:`ShardEpochHook`).
    """

    priority = 'VERY_HIGH'

    def __init__(self):
        self._saved = {}
        self._epoch = self._batches_done = 0

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint to resume from.

        Raises:
            RuntimeError: There are checkpoints, but none can be resumed from.
        """
        if not isinstance(runner, Runner):
            return  # FlexibleRunner chooses by itself, and has by now
        if not runner._resume or runner._load_from is not None:
            return
        chosen = [None, {}]
        if is_main_process():
            chosen = list(latest_good_checkpoint(runner.work_dir))
        broadcast_object_list(chosen)
        path, bad = chosen
        for file, reason in bad.items():
            print_log(
                f"Checkpoint '{file}' is passed over: {reason}.",
                logger='current',
                level=logging.WARNING,
            )
        if path is None and bad:
            raise RuntimeError(
                f"none of the checkpoints in '{runner.work_dir}' can be resumed from "
                f'({", ".join(file.name for file in bad)}): give another one to --resume, or start '
                'anew in another --work-dir.'
            )
        if path is None:
            runner.logger.info(f"No checkpoint in '{runner.work_dir}': the run begins anew.")
            runner._resume = False
        else:
            runner.logger.info(f"Resuming from '{path}'.")
            runner._load_from = str(path)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read where the run was, and have it follow the config's learning rate.

        Raises:
            CheckpointError: The checkpoint is another model's, or holds no state of a run.
        """
        if not runner._resume:
            return
        if isinstance(runner, Runner):
            check_resumable(checkpoint, inner_model(runner.model), path=runner._load_from)
            follow_rate(runner, checkpoint)
        self._saved = dict(checkpoint.get('progress', {}), epoch=checkpoint['meta']['epoch'])

    def before_train(self, runner: Runner) -> None:
        """Put the data loader where the run was."""
        # Masks that do not come from the common generator.
        model = inner_model(runner.model)
        self._masks = getattr(getattr(model, 'masking', None), 'generator', None)
        self._masks_seed = self._masks and self._masks.initial_seed()

        loader = runner.train_dataloader
        if loader.batch_sampler is None:
            return
        sampler = loader.batch_sampler.sampler
        if 'sampler_seed' in self._saved and hasattr(sampler, 'seed'):
            sampler.seed = self._saved['sampler_seed']
        _seed_samples(loader, runner.seed)
        self.go_to_saved_place(runner)

    def go_to_saved_place(self, runner: Runner) -> None:
        """Have the data begin where the checkpoint that was loaded last was saved.

        A loop without epochs begins its data anew, for whoever calls this to pass over some.
        """
        loop, loader = runner.train_loop, runner.train_dataloader
        batches = loader.batch_sampler
        if batches is None:
            return
        if not isinstance(loop, IterBasedTrainLoop):
            batches.skip = self._batches_to_skip(runner)
            return
        # It has begun to iterate, and passes over the batches that are done by itself.
        batches.epoch = 0
        if hasattr(batches.sampler, 'set_epoch'):
            batches.sampler.set_epoch(0)
        if hasattr(batches.sampler, '_indices_of_rank'):
            batches.sampler.indices = batches.sampler._indices_of_rank()
        loader._iterator = None
        loop.dataloader_iterator = type(loop.dataloader_iterator)(loader)

    def before_train_epoch(self, runner: Runner) -> None:
        """Count the epoch's batches from the right one."""
        batches = runner.train_dataloader.batch_sampler
        self._epoch = runner.epoch
        self._batches_done = 0
        if batches is not None and not isinstance(runner.train_loop, IterBasedTrainLoop):
            batches.epoch = runner.epoch
            self._batches_done = batches.skip

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """Draw what belongs to this step."""
        seed_process(runner.seed, runner.iter)
        if self._masks is not None:
            self._masks.manual_seed(derive_seed(self._masks_seed, runner.iter))

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Count a batch."""
        self._batches_done += 1

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note where the run is."""
        loader = runner.train_dataloader
        within = checkpoint['meta']['epoch'] == self._epoch
        checkpoint['progress'] = dict(
            batches_done=self._batches_done if within else 0, **_sharing(loader)
        )
        sampler = getattr(loader.batch_sampler, 'sampler', None)
        if isinstance(seed := getattr(sampler, 'seed', None), int):
            checkpoint['progress']['sampler_seed'] = seed

    def _batches_to_skip(self, runner: Runner) -> int:
        done = self._saved.get('batches_done', 0)
        now = _sharing(runner.train_dataloader)
        before = {key: self._saved.get(key) for key in now}
        if not done or None in before.values() or before == now:
            return done
        images = done * before['batch_size'] * before['processes']
        skip = images // (now['batch_size'] * now['processes'])
        print_log(
            f'The checkpoint was saved within epoch {runner.epoch + 1} with {before}, and this run '
            f'has {now}: it goes on behind {images} images of that epoch, but not as a run that '
            'was never broken off.',
            logger='current',
            level=logging.WARNING,
        )
        return skip


def _sharing(loader: DataLoader) -> dict:
    """Return how images are shared out."""
    batches = loader.batch_sampler
    size = loader.batch_size if batches is None else batches.batch_size
    return dict(batch_size=size, processes=get_world_size())


def _seed_samples(loader: DataLoader, seed: int) -> None:
    """Have a loader's samples drawn from their place in the run.

    torch lets no part of a loader be replaced, because it might not fit the others. This one has
    the length and the batches of the one before.
    """
    batches = SeededBatches(loader.batch_sampler, seed=seed, rank=get_rank())
    object.__setattr__(loader, 'batch_sampler', batches)
    loader.dataset.__getitems__ = SeededItems(loader.dataset, num_workers=loader.num_workers)
