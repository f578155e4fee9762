"""Keeps losses and gradients that are not finite out of the weights."""

from functools import partial

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.runner import Runner

from mmcnx2.checks import check_at_least, check_types
from mmcnx2.engine.agreement import of_main_process
from mmcnx2.engine.batches import inner_model
from mmcnx2.engine.hooks.checkpoint_hook import AtomicCheckpointHook
from mmcnx2.engine.step_guard import StepGuard
from mmcnx2.registry import HOOKS

MOST = 0.5
"""Of its steps, a run that has skipped more has not trained."""
LEFT_OUT = 'its data are left out'
OVER = 'the run stops'
ADVICE = (
    'with a lower optim_wrapper.optimizer.lr, with optim_wrapper.clip_grad=dict(max_norm=1.0), or '
    'in float32.'
)


class DivergedError(RuntimeError):
    """Too many steps were not finite, in a row or in all."""


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Skip steps that are not finite, and stop a run in which there are hardly any others.

    A step counts as not finite if the loss or the gradient of any process is. It then leaves
    weights, optimizer and running statistics as they are, in all processes. With accumulated
    gradients a step is all that goes into one update: it is taken as a whole or not at all. Each
    skipped one is named in the log and counted, over resumed runs, too: ``skipped_steps`` in the
    message hub. :class:`~mmcnx2.engine.step_guard.StepGuard` does the skipping.

    A run that has come to its end, but skipped more than half of its steps, ends with the error,
    too. A run with several optimizers is not watched, which the log says.

    A fused optimizer decides on the device, and nothing waits for it: the log and the count then
    come a step late, and the run stops a step later, with the same weights.

    Args:
        patience: So many skipped steps in a row stop the run. The weights, untouched since before
            the first of them, are then saved as ``before_divergence.pth``, if they are finite
            themselves.
        max_share: From 0 to 1. More skipped ones than this share of the steps since the run began,
            or was resumed, stop it as well, if they are more than ``patience``.

    Attributes:
        left_out: Numbers, from 1, of iterations whose data are to be passed over: the steps that
            they belong to are not taken, whatever their numbers, and do not count as skipped.

    Raises:
        ValueError: A number is out of range.
    """

    # Behind what moves schedules and averages weights, so that what is saved is of one step.
    priority = 'LOWEST'
    COUNTER = 'skipped_steps'

    @check_types
    def __init__(self, patience: int = 20, max_share: float = 0.1):
        check_at_least(1, patience=patience)
        if not 0 <= max_share <= 1:
            raise ValueError(f'max_share={max_share}, but a share from 0 to 1 is expected.')
        self.patience, self.max_share = patience, max_share
        self.left_out = set()
        self.in_a_row = self.steps = self.skipped = 0  # of this process
        self.guard = None
        self._first = 0  # iteration, from 1, that the row began with
        self._over = None  # why the run stops
        self._trained = False

    def before_train(self, runner: Runner) -> None:
        """Stand between the loss and the optimizer."""
        self._trained = True
        wrapper = runner.optim_wrapper
        if isinstance(wrapper, OptimWrapperDict):
            runner.logger.warning('Several optimizers: steps are not checked for being finite.')
        elif isinstance(wrapper, OptimWrapper):
            self.guard = StepGuard(wrapper, inner_model(runner.model), partial(self._count, runner))

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """Leave out the data that were asked to be."""
        if self.guard:
            self.guard.at = runner.iter + 1
            if self.guard.at in self.left_out:
                self.guard.dropped = LEFT_OUT

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Stop, if patience is at its end.

        Raises:
            DivergedError: With advice.
        """
        self._stop(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Have a checkpoint count its own step, too."""
        if self.guard is not None:
            self.guard.settle()
            if total := self._total(runner):
                checkpoint['message_hub']['runtime_info'][self.COUNTER] = total
                checkpoint['message_hub']['resumed_keys'][self.COUNTER] = True

    def after_train(self, runner: Runner) -> None:
        """Step aside.

        Raises:
            DivergedError: With advice, if the last step was one too many.
        """
        if self.guard is not None:
            self.guard.remove()
            self.guard = None
            self._stop(runner)

    def after_run(self, runner: Runner) -> None:
        """Refuse to call it a success, if the run has hardly trained.

        Raises:
            DivergedError: With advice.
        """
        if not self._trained:
            return  # a test or a validation by itself, and whoever asks for its step trains
        accumulated = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
        steps = -(-runner.iter // accumulated)
        total = self._total(runner)
        if total > MOST * steps:
            raise DivergedError(
                f'the run is at its end, but the loss or its gradient was not finite in {total} of '
                f'{steps} steps, which were not taken: what it has saved is hardly trained; train '
                f'anew {ADVICE}'
            )

    def _count(self, runner: Runner, reason: str | None, step: int) -> None:
        """Take note of an update, of the present step or of one before."""
        if reason == OVER:
            return
        self.steps += 1
        if reason is None:
            self.in_a_row = 0
            return
        if reason == LEFT_OUT:
            runner.logger.warning(f'Step {step} is not taken: {reason}.')
            return
        self.in_a_row += 1
        self.skipped += 1
        self._first = step if self.in_a_row == 1 else self._first
        total = self._total(runner) + 1
        runner.message_hub.update_info(self.COUNTER, total)
        runner.logger.warning(
            f'Step {step} is skipped, {reason}: {self.in_a_row} in a row, {total} in this run; '
            f'{self.patience} in a row stop it.'
        )
        if self.in_a_row >= self.patience:
            where = f'{self._first} to {step}'
            self._over = f'in {self.in_a_row} steps in a row, {where}, and none of them was taken'
        elif self.skipped > max(self.patience, self.max_share * self.steps):
            self._over = (
                f'in {self.skipped} of {self.steps} steps, which were not taken: more than '
                f'max_share={self.max_share} allows'
            )
        if self._over and self.guard is not None:
            self.guard.dropped = OVER  # the weights that are saved are those from before

    def _stop(self, runner: Runner) -> None:
        """Raise, if a step was one too many."""
        if self._over is None:
            return
        what, self._over = self._over, None
        raise DivergedError(
            f'the loss or its gradient was not finite {what}; {self._save(runner)}; resume from '
            f'there, or from an earlier checkpoint (--resume FILE), {ADVICE}'
        )

    def _total(self, runner: Runner) -> int:
        hub = runner.message_hub
        return hub.get_info(self.COUNTER) if self.COUNTER in hub.runtime_info else 0

    def _save(self, runner: Runner) -> str:
        savers = [hook for hook in runner.hooks if isinstance(hook, AtomicCheckpointHook)]
        if not savers:
            return 'nothing is there to save the weights with'
        try:
            path = savers[0].save_within_epoch(runner, 'before_divergence.pth')
            said = f"the weights from before step {self._first} are in '{path}'"
        except OSError as error:
            said = f'the weights are not saved ({error})'
        return of_main_process(said)  # only the process that saves knows
