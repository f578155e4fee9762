"""Goes on exactly where a run was broken off, within an epoch, too."""

import logging
from dataclasses import asdict

from mmengine.dist import broadcast_object_list, get_rank, is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.logging import print_log
from mmengine.optim import BaseOptimWrapper
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from mmcnx2.checkpoints.files import CheckpointError
from mmcnx2.datasets.identity import digest_names
from mmcnx2.datasets.seeding import SeededBatches, SeededItems, derive_seed, seed_process
from mmcnx2.engine.batches import inner_model
from mmcnx2.engine.hooks.mirror_hook import MirrorHook
from mmcnx2.engine.resuming.choice import Choice, choose_newest
from mmcnx2.engine.resuming.configured import Configured, optimizer_kinds
from mmcnx2.engine.resuming.epoch import Broken, Epoch
from mmcnx2.engine.resuming.fit import check_resumable, check_run
from mmcnx2.engine.resuming.lock import lock
from mmcnx2.engine.resuming.refusal import CannotStartError
from mmcnx2.engine.resuming.regroup import regroup
from mmcnx2.engine.resuming.scan import checkpoint_folders, last_elsewhere, written_by_runs
from mmcnx2.engine.resuming.schedule import Position, is_over
from mmcnx2.engine.resuming.settings import follow_config
from mmcnx2.engine.resuming.start import choose
from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class ExactResumeHook(Hook):
    """Make a run that was broken off end as if it had not been.

    - A run has its folder for itself, and an identity that is in the folder and in its checkpoints.
      ``resume=True`` without ``load_from`` takes the newest of its checkpoints that is whole, and
      names those that are not. Without ``resume`` a folder with checkpoints is refused.
    - What a step draws (masks, dropped paths, mixed images) follows from the run's seed and the
      number of the step; what a sample's transforms draw, from its place in the epoch. So there
      is no random state to save, and a run does not depend on the number of its workers.
    - The order of the data is that of the run that was broken off, also if its config has no seed,
      and an epoch goes on behind its last finished batch.
    - What the config says now is followed: a schedule or a rate that differs from the checkpoint's
      is rebuilt where the run is, and the log says so. What cannot follow is refused by name.

    On the same machine with the same software, number of processes and batch size, weights are
    equal to the bit on a CPU. If processes, batch size or data have changed, a broken-off epoch
    goes on behind as many images, and the log says what else follows. Data sets without indices
    look after their order themselves (:class:`ShardEpochHook`).
    """

    priority = 'VERY_HIGH'

    def __init__(self):
        self._locks = []
        self._run = None  # identity, once training has begun
        self._configured = None  # by the config, before a checkpoint is loaded
        self._saved = {}
        self._skip = 0  # steps of the first epoch that are done
        self._epoch = self._batches_done = 0
        self._names = None

    def before_run(self, runner: Runner) -> None:
        """Choose the checkpoint to resume from; for training, have the folder ready.

        Raises:
            CannotStartError: Another run trains in the folder, checkpoints are in the way, or none
                can be resumed from.
            CheckpointError: The one that was named cannot be resumed from.
        """
        trains = isinstance(runner._train_loop, BaseLoop) and self._run is None
        if not trains and (not runner._resume or runner._load_from is not None):
            return
        if trains:
            self._configured = Configured.of(runner)
        outcome = [None]
        if is_main_process():
            try:
                outcome = [self._begin(runner) if trains else self._look(runner)]
            except (CannotStartError, CheckpointError) as error:
                outcome = [error]
        broadcast_object_list(outcome)
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        self._take(runner, outcome[0])

    def after_run(self, runner: Runner) -> None:
        """Let others into the folder."""
        for each in self._locks:
            each.release()
        self._locks = []

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Read where the run was, and bring the checkpoint's settings to those of the config.

        Raises:
            CannotStartError: What cannot follow the config.
            CheckpointError: The checkpoint is another model's, or holds no state of a run.
        """
        if not runner._resume:
            return
        self._saved = checkpoint.get('progress', {})
        if not isinstance(runner.optim_wrapper, BaseOptimWrapper):
            return  # nothing is trained
        check_resumable(checkpoint, inner_model(runner.model), path=runner._load_from)
        check_run(runner, checkpoint)
        loop, broken, now = runner.train_loop, Broken.of(checkpoint), Epoch.of(runner)
        by_epoch = isinstance(loop, EpochBasedTrainLoop)
        self._say_what_changed(runner, broken, now, by_epoch)
        position = Position(broken.epoch, broken.steps, broken.steps, now.steps)
        if by_epoch:
            self._skip = broken.steps_behind(now)
            stretched = broken.epoch * now.steps + self._skip
            position = Position(broken.epoch, broken.steps, stretched, now.steps)
            # Steps that were taken count, however long their epochs were.
            left = max(0, loop.max_epochs * now.steps - stretched)
            loop._max_iters = broken.steps + left
        configured = self._configured or Configured.of(runner)
        regroup(runner.optim_wrapper, checkpoint, inner_model(runner.model))
        if changes := follow_config(configured, runner.optim_wrapper, checkpoint, position):
            runner.logger.warning(f'The config is followed: {"; ".join(changes)}.')
        left = loop.max_iters - broken.steps
        for each in configured.values():
            if left > 0 and is_over(each.schedulers, position, each.in_steps):
                runner.logger.warning(
                    f'param_scheduler has come to its end, and the rate stays where it is for the '
                    f'{left} steps that are left: lengthen it together with train_cfg.'
                )

    def before_train(self, runner: Runner) -> None:
        """Put the data loader where the run was."""
        if is_main_process():
            self._digest_names(runner.train_dataloader)  # no checkpoint in a hurry waits for it
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
            batches.skip = self._skip
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
        self._epoch = runner.epoch
        self._batches_done, self._skip = self._skip, 0
        batches = runner.train_dataloader.batch_sampler
        if batches is not None and not isinstance(runner.train_loop, IterBasedTrainLoop):
            batches.epoch = runner.epoch

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """Draw what belongs to this step."""
        seed_process(runner.seed, runner.iter)
        if self._masks is not None:
            self._masks.manual_seed(derive_seed(self._masks_seed, runner.iter))

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Count a batch."""
        self._batches_done += 1

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Note which run it is, where it is, and of what its epochs are made."""
        if self._run is not None:
            checkpoint['run'] = dict(id=self._run)
        loader = runner.train_dataloader
        within = checkpoint['meta']['epoch'] == self._epoch
        checkpoint['progress'] = dict(
            batches_done=self._batches_done if within else 0,
            loop=type(runner.train_loop).__name__,
            names=self._digest_names(loader),
            **asdict(Epoch.of(runner)),
        )
        if isinstance(runner.optim_wrapper, BaseOptimWrapper):
            checkpoint['progress']['optimizer'] = optimizer_kinds(runner.optim_wrapper)
        sampler = getattr(loader.batch_sampler, 'sampler', None)
        if isinstance(seed := getattr(sampler, 'seed', None), int):
            checkpoint['progress']['sampler_seed'] = seed

    def _begin(self, runner: Runner) -> Choice:
        out_dir = _out_dir(runner)
        self._locks = lock(checkpoint_folders(runner.work_dir, out_dir))
        for each in self._locks:
            if not each.held:
                runner.logger.warning(
                    f"The file system of '{each.path.parent}' takes no locks: that no other run "
                    'trains there is not checked.'
                )
        if runner._resume and runner._load_from is None:
            self._fetch(runner, out_dir)
        return choose(
            runner.work_dir,
            resume=runner._resume,
            checkpoint=runner._load_from,
            out_dir=out_dir,
        )

    def _fetch(self, runner: Runner, out_dir: str | None) -> None:
        """Bring back a checkpoint from a mirror, if there is none here."""
        work_dir, folders = runner.work_dir, checkpoint_folders(runner.work_dir, out_dir)
        if written_by_runs(folders) or last_elsewhere(work_dir, folders):
            return
        for hook in runner.hooks:
            if isinstance(hook, MirrorHook) and (path := hook.restore(work_dir, folders[-1])):
                runner.logger.warning(
                    f"No checkpoint in '{work_dir}': '{path.name}' was fetched from the mirror "
                    f"'{hook.mirror.address}'."
                )
                return

    def _look(self, runner: Runner) -> Choice:
        return choose_newest(runner.work_dir, checkpoint_folders(runner.work_dir, _out_dir(runner)))

    def _take(self, runner: Runner, choice: Choice) -> None:
        for file, reason in choice.passed_over.items():
            print_log(
                f"Checkpoint '{file}' is passed over: {reason}.",
                logger='current',
                level=logging.WARNING,
            )
        if isinstance(runner._train_loop, BaseLoop):
            self._run = choice.note.id
        if choice.checkpoint is not None:
            runner.logger.info(f"Resuming from '{choice.checkpoint}'.")
            runner._resume, runner._load_from = True, choice.checkpoint
        elif runner._resume:
            runner.logger.info(f"No checkpoint in '{runner.work_dir}': the run begins anew.")
            runner._resume = False

    def _say_what_changed(self, runner: Runner, broken: Broken, now: Epoch, by_epoch: bool) -> None:
        if not is_main_process():
            return
        names = self._saved.get('names')
        changed = broken.compare(
            now,
            by_epoch=by_epoch,
            same_names=names is None or names == self._digest_names(runner.train_dataloader),
            scaled=bool((runner.auto_scale_lr or {}).get('enable')),
        )
        if changed:
            runner.logger.warning(changed)

    def _digest_names(self, loader: DataLoader) -> str | None:
        if self._names is None:
            self._names = [digest_names(loader.dataset)]
        return self._names[0]


def _out_dir(runner: Runner) -> str | None:
    savers = [hook for hook in runner.hooks if isinstance(hook, CheckpointHook)]
    return str(savers[0].out_dir) if savers and savers[0].out_dir else None


def _seed_samples(loader: DataLoader, seed: int) -> None:
    """Have a loader's samples drawn from their place in the run.

    torch lets no part of a loader be replaced, because it might not fit the others. This one has
    the length and the batches of the one before.
    """
    batches = SeededBatches(loader.batch_sampler, seed=seed, rank=get_rank())
    object.__setattr__(loader, 'batch_sampler', batches)
    loader.dataset.__getitems__ = SeededItems(loader.dataset, num_workers=loader.num_workers)
