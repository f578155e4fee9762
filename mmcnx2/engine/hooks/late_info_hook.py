"""What a step tells of itself, read when it is written."""

from mmengine.hooks import RuntimeInfoHook
from mmengine.runner import Runner

from mmcnx2.engine.late import note
from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class LateInfoHook(RuntimeInfoHook):
    """mmengine's hook for a run's numbers, which lets losses stay on their device until read.

    mmengine reads each loss after each step, and so waits until the device has finished it. Here
    whoever reads a loss waits: the logger does, every ``interval`` steps, and a checkpoint.
    """

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Note the losses of a step."""
        for key, value in (outputs or {}).items():
            note(runner.message_hub, f'train/{key}', value)
