"""Finds data behind a sudden rise of the loss, and goes on without them, if that is asked for."""

import numpy as np
import torch
from mmengine.dist import all_gather_object, all_reduce, get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcnx2.checkpoints.integrity import find_damage
from mmcnx2.checks import check_at_least, check_types
from mmcnx2.engine.agreement import of_main_process
from mmcnx2.engine.batches import files_of
from mmcnx2.engine.hooks.checkpoint_hook import AtomicCheckpointHook
from mmcnx2.engine.hooks.finite_loss_hook import FiniteLossHook
from mmcnx2.engine.hooks.resume_hook import ExactResumeHook
from mmcnx2.engine.rollback import RollBack, allow_rollback
from mmcnx2.paths import printable
from mmcnx2.registry import HOOKS

NORMAL = 1.4826
"""The standard deviation of normal numbers over their median distance from the median."""
SMALLEST = 1e-3
"""Of the median. A loss that hardly varies has no deviation to go by."""
TOGETHER = 50
"""Steps whose losses are read together, as the logger does: reading one waits for its device."""


@HOOKS.register_module()
class LossSpikeHook(Hook):
    """Name the files of a batch whose loss is far above those before it.

    A spike is a finite loss that lies more than ``deviations`` robust deviations above the median
    of the ``window`` finite ones before it, in any process. A robust deviation is the median
    distance from the median times 1.4826, or a thousandth of the median if that is more.

    Asked to, the run then goes back to its last checkpoint, and on from there as after a resume,
    but without the steps of the spike: the data pass by, the weights stay. It ends with the weights
    of a run that left them out from the beginning, to the bit on a CPU.

    A run that may go back looks at each loss at once, and waits for its device to do so. Any other
    looks at those of :data:`TOGETHER` steps, or of the rest of an epoch, together.

    Args:
        window: How many losses to compare with. Nothing is judged before there are so many.
        deviations: See above.
        rollbacks: At most so often, the run goes back; after that, spikes are named and no more.
        left_out: So many steps up to and with that of the spike are not taken the second time, as
            far as they lie behind the checkpoint. What lifts a loss may have been one before.

    Raises:
        ValueError: A number is out of range.
    """

    priority = 'HIGH'  # behind the hook that notes the loss, ahead of those that save

    @check_types
    def __init__(
        self,
        window: int = 100,
        deviations: float = 10.0,
        *,
        rollbacks: int = 0,
        left_out: int = 1,
    ):
        check_at_least(2, window=window)
        check_at_least(1, deviations=deviations, left_out=left_out)
        check_at_least(0, rollbacks=rollbacks)
        self.window, self.deviations = window, deviations
        self.rollbacks, self.left_out = rollbacks, left_out
        self.rolled_back = 0
        self._unseen = []  # number and files of each step
        self._back_to = ''

    def before_train(self, runner: Runner) -> None:
        """Prepare for going back.

        Raises:
            ValueError: A hook that takes part in it is missing, or the loop is not mmengine's.
        """
        if not self.rollbacks:
            return
        kinds = (AtomicCheckpointHook, ExactResumeHook, FiniteLossHook)
        found = [next((h for h in runner.hooks if isinstance(h, kind)), None) for kind in kinds]
        if missing := [k.__name__ for k, hook in zip(kinds, found, strict=True) if not hook]:
            raise ValueError(
                f'rollbacks={self.rollbacks}, but going back takes {" and ".join(missing)} among '
                'the default_hooks: add what is missing, or set rollbacks=0.'
            )
        self._saver, self._resume, self._finite = found
        allow_rollback(runner, lambda: self._restore(runner))

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs=None
    ) -> None:
        """Look at the loss, or note what it is of.

        Raises:
            RollBack: The run goes back.
        """
        if not self.rollbacks or runner.iter + 1 not in self._finite.left_out:
            self._unseen.append((runner.iter + 1, files_of(data_batch)))
        if self.rollbacks or len(self._unseen) >= TOGETHER:
            self._look(runner)

    def after_train_epoch(self, runner: Runner) -> None:
        """Look at the last losses."""
        self._look(runner)

    def after_train(self, runner: Runner) -> None:
        """Look at the last losses."""
        self._look(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look at the last losses: what is saved may be the last that is heard of the run."""
        if get_world_size() == 1:  # else not all processes may come here
            self._look(runner)

    def _look(self, runner: Runner) -> None:
        """Name the batches of spikes among the steps that have not been looked at."""
        unseen, self._unseen = self._unseen, []
        found = self._find_spikes(runner, unseen)
        if not _anywhere(bool(found)):
            return
        everywhere = all_gather_object(found)
        for process, spikes in enumerate(everywhere):
            where = f' in process {process}' if len(everywhere) > 1 else ''
            for step, sentence, files in spikes:
                names = printable(', '.join(files)) or 'its samples have no paths'
                runner.logger.warning(f'Step {step}{where}: {sentence}. Its batch: {names}.')
        if self.rolled_back < self.rollbacks:
            self._go_back(runner)

    def _find_spikes(
        self, runner: Runner, unseen: list[tuple[int, list[str]]]
    ) -> list[tuple[int, str, list[str]]]:
        """Return step, sentence and files of this process's spikes among the last steps."""
        if not unseen:
            return []
        losses = runner.message_hub.get_scalar('train/loss').data[0]
        ends = range(len(losses) - len(unseen) + 1, len(losses) + 1)
        judged = [
            (step, self.judge(losses[:end]), files)
            for end, (step, files) in zip(ends, unseen, strict=True)
        ]
        return [(step, sentence, files) for step, sentence, files in judged if sentence]

    def judge(self, losses: np.ndarray) -> str | None:
        """Say how far the last of some losses is above those before it, if it is too far."""
        loss, before = losses[-1], losses[:-1][-2 * self.window :]
        before = before[np.isfinite(before)][-self.window :]
        if len(before) < self.window or not np.isfinite(loss):
            return None
        median = np.median(before)
        deviation = NORMAL * np.median(np.abs(before - median))
        far = (loss - median) / max(deviation, SMALLEST * abs(median), np.finfo(float).tiny)
        if far <= self.deviations:
            return None
        return (
            f'its loss, {loss:.4g}, is {far:.1f} robust deviations above the median of the '
            f'{self.window} before it, {median:.4g}'
        )

    def _go_back(self, runner: Runner) -> None:
        """Choose where to, and leave the step."""
        self._saver.settle()
        steps, path, damage = of_main_process(self._last_checkpoint())
        if damage:
            runner.logger.error(f'The run does not go back: {damage}.')
            return
        self.rolled_back += 1
        self._back_to = path
        last = runner.iter + 1
        first = max(last - self.left_out, steps) + 1
        self._finite.left_out.update(range(first, last + 1))
        runner.logger.warning(
            f"Going back to '{path}', after step {steps}; steps {first} to {last} will not be "
            f'taken. Rollback {self.rolled_back} of {self.rollbacks}.'
        )
        raise RollBack

    def _last_checkpoint(self) -> tuple[int, str, str | None]:
        if not self._saver.saved:
            return 0, '', 'no checkpoint has been saved yet'
        steps, path = self._saver.saved[-1]
        try:
            damage = None if '://' in path else find_damage(path)
        except OSError as error:
            damage = str(error)
        return steps, path, damage and f"the last checkpoint, '{path}', is damaged ({damage})"

    def _restore(self, runner: Runner) -> None:
        """Put the run where the checkpoint is."""
        runner._load_from, runner._resume = self._back_to, True
        runner.resume(self._back_to)
        wrapper = runner.optim_wrapper
        wrapper.zero_grad()
        wrapper.initialize_count_status(runner.model, runner.iter, runner.max_iters)
        self._finite.guard.restart()
        self._resume.go_to_saved_place(runner)


def _anywhere(here: bool) -> bool:
    """Whether it is so in any process; all must take part."""
    if get_world_size() == 1:
        return here
    found = torch.tensor(int(here))
    all_reduce(found, 'max')
    return bool(found)
