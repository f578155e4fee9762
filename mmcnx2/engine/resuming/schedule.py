"""A schedule as it would be by now, had it been the run's from its beginning."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from mmengine.optim import _ParamScheduler

_MOVING = {'last_step', 'base_values', 'best', 'num_bad_epochs', 'cooldown_counter', 'verbose'}


@dataclass(frozen=True)
class Position:
    """Where a run is, in the units that schedules count.

    Attributes:
        epoch: Finished epochs.
        steps: Training steps that were taken.
        stretched: Steps that the run would have behind it at the same place, had all its epochs
            been as long as they are now. Schedules in epochs that change at each step count these
            (``convert_to_iter_based``).
        epoch_steps: Number of steps of an epoch now.
    """

    epoch: int
    steps: int
    stretched: int
    epoch_steps: int


def settings_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a scheduler's state was configured, and does not move.

    Args:
        state: Its ``state_dict()``.
    """
    return {
        key: value
        for key, value in state.items()
        if key not in _MOVING and not key.startswith('_') and not callable(value)
    }


def replay(
    schedulers: Sequence[_ParamScheduler],
    groups: Sequence[Mapping[str, Any]],
    position: Position,
    in_steps: Sequence[bool],
) -> tuple[list[dict], list[dict]]:
    """Take new schedulers through all steps that a run has behind it.

    mmengine computes each value from the one before: no shorter way is equal to the bit.
    Groups with equal settings go together, so that the time does not grow with the model's size.

    Args:
        schedulers: In the order of the config, at their beginning; they are not changed.
        groups: The optimizer's, at the beginning.
        position: To go to.
        in_steps: Which schedulers are configured in steps, not in epochs.

    Returns:
        The groups' settings there, without their parameters, and the schedulers' states.
    """
    settings = [{key: value for key, value in group.items() if key != 'params'} for group in groups]
    distinct: dict[str, int] = {}
    place = [distinct.setdefault(repr(sorted(each.items())), len(distinct)) for each in settings]
    firsts = [place.index(number) for number in range(len(distinct))]
    stand_in = SimpleNamespace(
        param_groups=[dict(settings[first]) for first in firsts], step=_counted, _global_step=0
    )
    twins = [_twin(scheduler, stand_in, firsts) for scheduler in schedulers]
    _step_through(twins, position, in_steps)
    states = []
    for scheduler, twin in zip(schedulers, twins, strict=True):
        state = dict(twin.state_dict(), base_values=list(scheduler.base_values))
        state['_last_value'] = [twin._last_value[number] for number in place]
        states.append(state)
    return [dict(stand_in.param_groups[number]) for number in place], states


def is_over(
    schedulers: Sequence[_ParamScheduler], position: Position, in_steps: Sequence[bool]
) -> bool:
    """Whether schedulers change nothing any more from a position on; without any, they never did.

    Args:
        schedulers: As for :func:`replay`.
        position: Position of the run.
        in_steps: As for :func:`replay`.
    """
    places = [
        position.epoch if each.by_epoch else position.steps if native else position.stretched
        for each, native in zip(schedulers, in_steps, strict=True)
    ]
    ends = [each.end for each in schedulers]
    return bool(ends) and all(place >= end for place, end in zip(places, ends, strict=True))


def copy_of(scheduler: _ParamScheduler) -> _ParamScheduler:
    """Return a scheduler where another one is now, without its optimizer."""
    twin = copy.copy(scheduler)
    twin.__dict__ = copy.deepcopy(scheduler.state_dict())
    return twin


def _twin(scheduler: _ParamScheduler, optimizer: Any, firsts: Sequence[int]) -> _ParamScheduler:
    twin = copy_of(scheduler)
    twin.optimizer = optimizer
    twin.base_values = [scheduler.base_values[first] for first in firsts]
    return twin


def _step_through(
    schedulers: Sequence[_ParamScheduler], position: Position, in_steps: Sequence[bool]
) -> None:
    """Step each as often as its unit has passed, in the order in which a run would."""
    by_step = [
        (scheduler, position.steps if native else position.stretched)
        for scheduler, native in zip(schedulers, in_steps, strict=True)
        if not scheduler.by_epoch
    ]
    by_epoch = [scheduler for scheduler in schedulers if scheduler.by_epoch]
    end = max([position.stretched, *(count for _, count in by_step)])
    begin = end - position.stretched  # of the first epoch
    epochs = 0
    for time in range(1, end + 1):
        for scheduler, count in by_step:
            if time > end - count:
                scheduler.step()
        if (time - begin) == (epochs + 1) * position.epoch_steps and epochs < position.epoch:
            epochs += 1
            for scheduler in by_epoch:
                scheduler.step()


def _counted() -> None:
    """Stand for ``optimizer.step``, which schedulers only ask whether it is counted."""


_counted._with_counter = True
