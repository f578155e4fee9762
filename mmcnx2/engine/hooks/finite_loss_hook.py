"""Keeps a loss that is not finite out of the weights."""

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor

from mmcnx2.checks import check_at_least, check_types
from mmcnx2.engine.hooks.checkpoint_hook import AtomicCheckpointHook
from mmcnx2.registry import HOOKS


class DivergedError(RuntimeError):
    """The loss was not finite for too many steps in a row."""


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Skip steps whose loss is not finite, and stop a run in which there is no other any more.

    A skipped step (with accumulated gradients: the steps up to the next update) leaves weights and
    optimiser as they are. All processes skip it if it is not finite in one of them. Each is named
    in the log and counted, over resumed runs, too: ``skipped_steps`` in the message hub.

    Args:
        patience: So many in a row stop the run. The weights, untouched since before the first of
            them, are then saved as ``before_divergence.pth``, if they are finite themselves.

    Raises:
        ValueError: If ``patience`` is not positive.
    """

    priority = 'VERY_HIGH'
    COUNTER = 'skipped_steps'

    @check_types
    def __init__(self, patience: int = 20):
        check_at_least(1, patience=patience)
        self.patience = patience
        self.in_a_row = 0
        self._guarded = None

    def before_train(self, runner: Runner) -> None:
        """Stand between the loss and the optimiser."""
        wrapper = runner.optim_wrapper
        if isinstance(wrapper, OptimWrapper):  # several optimisers have a loss each
            self._guarded = wrapper
            wrapper.update_params = _GuardedUpdate(self, runner, wrapper.update_params)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch=None, outputs=None):
        """Stop, if patience is at its end.

        Raises:
            DivergedError: With advice.
        """
        if self.in_a_row < self.patience:
            return
        first = runner.iter + 2 - self.in_a_row
        raise DivergedError(
            f'the loss was not finite in {self.in_a_row} steps in a row, {first} to '
            f'{runner.iter + 1}, and none of them was taken: {self._save(runner)}; resume from '
            'there, or from an earlier checkpoint, with a lower optim_wrapper.optimizer.lr, with '
            'optim_wrapper.clip_grad=dict(max_norm=1.0), or in float32.'
        )

    def after_train(self, runner: Runner) -> None:
        """Step aside."""
        if self._guarded is not None:
            del self._guarded.update_params
            self._guarded = None

    def count(self, runner: Runner, loss: float) -> None:
        """Count and name a skipped step."""
        self.in_a_row += 1
        hub = runner.message_hub
        total = 1 + (hub.get_info(self.COUNTER) if self.COUNTER in hub.runtime_info else 0)
        hub.update_info(self.COUNTER, total)
        runner.logger.warning(
            f'Step {runner.iter + 1} is skipped, its loss is {loss} here or in another process: '
            f'{self.in_a_row} in a row, {total} in this run; {self.patience} in a row stop it.'
        )

    def _save(self, runner: Runner) -> str:
        broken = [n for n, p in runner.model.named_parameters() if not torch.isfinite(p).all()]
        finite = torch.tensor(int(not broken))
        all_reduce(finite, 'min')  # a process may hold no more than its share of the weights
        if not finite:
            where = broken[0] if broken else 'those of another process'
            return f'the weights ({where}) are not finite any more and are not saved'
        savers = [hook for hook in runner.hooks if isinstance(hook, AtomicCheckpointHook)]
        if not savers:
            return 'nothing is there to save the weights with'
        try:
            path = savers[0].save_within_epoch(runner, 'before_divergence.pth')
        except OSError as error:
            return f'the weights could not be saved ({error})'
        return f"the weights from before step {runner.iter + 2 - self.in_a_row} are in '{path}'"


class _GuardedUpdate:
    """Stands for an optimiser wrapper's ``update_params``."""

    def __init__(self, hook: FiniteLossHook, runner: Runner, update):
        self.hook, self.runner, self.update = hook, runner, update

    def __call__(self, loss: Tensor, *args, **kwargs) -> None:
        finite = torch.isfinite(loss.detach()).all().int()
        all_reduce(finite, 'min')  # without a backward in all of them, processes would wait
        if finite:
            self.hook.in_a_row = 0
            self.update(loss, *args, **kwargs)
            return
        wrapper = self.runner.optim_wrapper
        wrapper.zero_grad()
        wrapper._inner_count += 1  # as mmengine asks of whoever does not call backward()
        self.hook.count(self.runner, float(loss.detach()))
