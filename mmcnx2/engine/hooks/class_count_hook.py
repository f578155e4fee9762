"""Refuse to segment a number of classes that the data do not have."""

from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class ClassCountHook(Hook):
    """Compare the classes of mmseg's heads with those of the data set, before training.

    A label that the model does not have would end training on a GPU with an error of the device.
    mmdet has ``NumClassCheckHook`` and mmpretrain ``ClassNumCheckHook`` for the same.
    """

    def before_train(self, runner: Runner) -> None:
        """Raise ValueError if the numbers differ."""
        classes = runner.train_dataloader.dataset.metainfo['classes']
        for name, module in runner.model.named_modules():
            if name.endswith('_head') and module.num_classes != len(classes):
                raise ValueError(
                    f'{name}.num_classes is {module.num_classes}, but the data have '
                    f'{len(classes)} classes ({", ".join(classes)}): set it to {len(classes)}.'
                )
