"""mmengine's schedules for runs of any length, which a config gives once, in ``train_cfg``.

mmengine has a schedule without ``end`` end with the run. What it lacks stands here: drops and
beginnings at shares of the length, and runs that are over before a schedule begins, within their
warm-up.
"""

import logging
from collections.abc import Sequence

from mmengine.logging import print_log
from mmengine.optim import BaseOptimWrapper
from mmengine.optim import scheduler as mmengine_scheduler
from torch.optim import Optimizer

from mmcnx2.checks import check_at_least, check_types
from mmcnx2.registry import PARAM_SCHEDULERS

NO_END = mmengine_scheduler.param_scheduler.INF


class _UntilTheEnd:
    """A schedule from ``begin`` on, which changes nothing in a run that is over by then.

    Args:
        optimizer: Whose rates are scheduled.
        begin: Epoch or step at which it begins, or a share of what ends at ``end``, which is
            between 0 and 1.
        end: Epoch or step at which it ends; by default, with the run.
        options: Other arguments of mmengine's class of the same name.

    Raises:
        ValueError: A ``begin`` that is no whole number, or a share of what has no end.
    """

    @check_types
    def __init__(
        self,
        optimizer: Optimizer | BaseOptimWrapper,
        *,
        begin: float = 0,
        end: int = NO_END,
        **options,
    ):
        check_at_least(0, begin=begin, end=end)
        (begin,) = _at([begin], 0, end, key='begin')
        name = type(self).__name__
        unit = 'epoch' if options.get('by_epoch', True) else 'step'
        drops = f', drops at {options["milestones"]}' if 'milestones' in options else ''
        if end > begin:
            print_log(f'{name}: from {unit} {begin} to {end}{drops}.', logger='current')
        else:
            print_log(
                f'{name} would begin at {unit} {begin}, where the run is over ({end}): the rate '
                'does not fall.',
                logger='current',
                level=logging.WARNING,
            )
        super().__init__(optimizer, begin=begin, end=max(end, begin + 1), **options)

    @classmethod
    def build_iter_from_epoch(cls, *args, begin: float = 0, end: int = NO_END, **options):
        """Build it in steps from a config in epochs; a share is rounded to whole epochs."""
        (begin,) = _at([begin], 0, end, key='begin')
        return super().build_iter_from_epoch(*args, begin=begin, end=end, **options)


@PARAM_SCHEDULERS.register_module()
class CosineAnnealingLR(_UntilTheEnd, mmengine_scheduler.CosineAnnealingLR):
    __doc__ = _UntilTheEnd.__doc__


@PARAM_SCHEDULERS.register_module()
class PolyLR(_UntilTheEnd, mmengine_scheduler.PolyLR):
    __doc__ = _UntilTheEnd.__doc__


@PARAM_SCHEDULERS.register_module()
class MultiStepLR(_UntilTheEnd, mmengine_scheduler.MultiStepLR):
    """mmengine's ``MultiStepLR``, whose drops may be at shares of the length.

    Args:
        optimizer: Whose rates are scheduled.
        milestones: Where the rate drops: epochs or steps, or shares of the length, which are
            between 0 and 1.
        begin: Epoch or step from which on milestones count.
        end: Epoch or step at which it ends; by default, with the run.
        options: Other arguments of mmengine's class.

    Raises:
        ValueError: A milestone below 0 or one that is no whole number, or a share of what has no
            end.
    """

    @check_types
    def __init__(
        self,
        optimizer: Optimizer | BaseOptimWrapper,
        milestones: Sequence[float],
        *,
        begin: int = 0,
        end: int = NO_END,
        **options,
    ):
        options['milestones'] = _at(milestones, begin, end)
        super().__init__(optimizer, begin=begin, end=end, **options)

    @classmethod
    def build_iter_from_epoch(
        cls, *args, milestones: Sequence[float], begin: int = 0, end: int = NO_END, **options
    ) -> 'MultiStepLR':
        """Build it in steps from a config in epochs; shares are rounded to whole epochs."""
        options['milestones'] = _at(milestones, begin, end)
        return super().build_iter_from_epoch(*args, begin=begin, end=end, **options)


def _at(milestones: Sequence[float], begin: int, end: int, *, key: str = 'milestones') -> list[int]:
    """Return whole milestones, which count from ``begin`` as the shares do."""
    found = []
    for milestone in milestones:
        share = 0 < milestone < 1
        if milestone < 0 or not share and milestone != int(milestone):
            raise ValueError(
                f'{key}={list(milestones)}, but each must be a whole number from 0 or a share '
                'of the length between 0 and 1.'
            )
        if share and end == NO_END:
            raise ValueError(
                f'{key}={list(milestones)} has a share of the length, but there is no end.'
            )
        found.append(round(milestone * (end - begin)) if share else int(milestone))
    return found
