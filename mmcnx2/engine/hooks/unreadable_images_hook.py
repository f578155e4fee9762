"""Keeps files that cannot be read from ending a training, whatever data set they belong to."""

from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from mmcnx2.checks import check_types
from mmcnx2.datasets.guard import guard_data
from mmcnx2.datasets.unreadable import check_max_unreadable
from mmcnx2.registry import HOOKS


@HOOKS.register_module()
class UnreadableImagesHook(Hook):
    """Replace, count and name images that cannot be read, in the data sets of all toolboxes.

    In training another sample takes the place of one whose image (or mask) cannot be read, as in
    :class:`mmcnx2.datasets.ImageFolderUnlabelled`. In a validation or a test, where each image
    counts, such a file is named and ends it. Both hold for data sets that are mmengine's
    ``BaseDataset``, or made of such, and whose pipeline begins with the transform that reads the
    file.

    With loading processes and a loop of iterations, :class:`ExactResumeHook` has to be there, too:
    such a loop starts its processes before any hook is called, and that one starts them anew.

    Args:
        max_unreadable: More than this share of unreadable files stops a training: of those tried
            so far, of 1000 at the beginning, of all in a smaller data set. 1 never does.

    Raises:
        ValueError: If ``max_unreadable`` is not from 0 to 1.
    """

    @check_types
    def __init__(self, max_unreadable: float = 0.1):
        check_max_unreadable(max_unreadable)
        self.max_unreadable = max_unreadable

    def before_run(self, runner: Runner) -> None:
        """Guard the training data."""
        if isinstance(loop := getattr(runner, '_train_loop', None), BaseLoop):
            guard_data(loop.dataloader.dataset, self.max_unreadable)

    def before_val(self, runner: Runner) -> None:
        """Guard the validation data."""
        guard_data(runner.val_loop.dataloader.dataset, None)

    def before_test(self, runner: Runner) -> None:
        """Guard the test data."""
        guard_data(runner.test_loop.dataloader.dataset, None)
