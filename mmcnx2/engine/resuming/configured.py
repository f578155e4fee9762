"""What the config makes of a run's optimizers and schedules, before a checkpoint is loaded."""

from dataclasses import dataclass

from mmengine.optim import BaseOptimWrapper, OptimWrapperDict, _ParamScheduler
from mmengine.runner import Runner

from mmcnx2.engine.resuming.schedule import copy_of

_PARAMETERS = ('params', 'param_names')


@dataclass(frozen=True)
class Configured:
    """What the config makes of an optimizer, at the beginning of a run.

    Attributes:
        groups: Settings of the parameter groups, mmengine's group of base values behind them.
        schedulers: In the order of the config, none of them having taken a step.
        in_steps: Which schedulers the config counts in steps. One without an end, which ends with
            the run, is none.
    """

    groups: list[dict]
    schedulers: list[_ParamScheduler]
    in_steps: list[bool]

    @classmethod
    def of(cls, runner: Runner) -> 'dict[str, Configured]':
        """Copy it for each optimizer of a run, under '' where there is one alone.

        Args:
            runner: Before anything is loaded.
        """
        configs = runner.cfg.get('param_scheduler') or []
        configs = [configs] if isinstance(configs, dict) else configs
        in_steps = [not each.get('by_epoch', True) and 'end' in each for each in configs]
        made = {}
        for name, wrapper in wrappers_of(runner.optim_wrapper).items():
            schedulers = runner.param_schedulers or []
            schedulers = [copy_of(each) for each in (schedulers[name] if name else schedulers)]
            known = in_steps if len(in_steps) == len(schedulers) else [False] * len(schedulers)
            groups = [
                {key: value for key, value in group.items() if key not in _PARAMETERS}
                for group in wrapper.param_groups
            ]
            made[name] = cls(groups, schedulers, known)
        return made


def optimizer_kinds(wrapper: BaseOptimWrapper) -> dict[str, str]:
    """Return the class name of each optimizer of a run, under '' where there is one alone."""
    return {name: type(each.optimizer).__name__ for name, each in wrappers_of(wrapper).items()}


def wrappers_of(wrapper: BaseOptimWrapper) -> dict[str, BaseOptimWrapper]:
    """Return the optimizers of a run by name, under '' where there is one alone."""
    return dict(wrapper.items()) if isinstance(wrapper, OptimWrapperDict) else {'': wrapper}
