"""A hook that has a run of tools/train.py take a step for each line that it is sent."""

import sys

from mmengine.hooks import Hook
from mmengine.registry import HOOKS


@HOOKS.register_module()
class SteppingHook(Hook):
    """Waits for a line before each step, loading included, and says when it is done."""

    priority = 100  # the last thing that a step does

    def before_train(self, runner) -> None:
        """Wait."""
        self._wait()

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        """Say so, and wait."""
        print('stepped', flush=True)
        self._wait()

    def _wait(self) -> None:
        if not sys.stdin.readline():
            raise SystemExit
