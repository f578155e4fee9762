"""Other transforms for the last epochs, whatever the length of the training."""

from mmdet.engine.hooks import PipelineSwitchHook as _PipelineSwitchHook
from mmengine.runner import Runner

from mmcnx2.checks import check_types
from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class PipelineSwitchHook(_PipelineSwitchHook):
    """mmdet's hook of that name, whose epoch may be a share of the length.

    Args:
        switch_epoch: The epoch that is the first with the other transforms, or a share of all
            epochs, which is between 0 and 1.
        switch_pipeline: Those transforms.

    Raises:
        ValueError: An epoch below 0, or one that is no whole number.
    """

    @check_types
    def __init__(self, *, switch_epoch: float, switch_pipeline: list):
        if switch_epoch < 0 or switch_epoch > 1 and switch_epoch != int(switch_epoch):
            raise ValueError(
                f'switch_epoch={switch_epoch}, but a whole number from 0 or a share of the length '
                'between 0 and 1 is expected.'
            )
        super().__init__(switch_epoch, switch_pipeline)

    def before_train(self, runner: Runner) -> None:
        """Turn a share into an epoch."""
        if 0 < self.switch_epoch < 1:
            self.switch_epoch = round(self.switch_epoch * runner.max_epochs)
