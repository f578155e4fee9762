"""The optimizer of a checkpoint whose parameters were grouped in another way."""

from collections.abc import Mapping, Sequence
from typing import Any

from mmengine.optim import BaseOptimWrapper
from torch import nn

from mmcnx2.engine.optimizers.joined import settings_of
from mmcnx2.engine.resuming.configured import wrappers_of

_BY_GROUP = ('base_values', '_last_value', 'min_values')
"""What a scheduler's state says of each parameter group, in a list."""


def regroup(wrapper: BaseOptimWrapper, checkpoint: dict, model: nn.Module) -> None:
    """Group what a checkpoint holds of the optimizer, and of its schedules, as the run does.

    Only where the settings of what is joined are equal: every number stays what it was. What cannot
    be brought into the run's groups stays as it is.

    Args:
        wrapper: The run's optimizer.
        checkpoint: That the runner is about to load; changed in place.
        model: Whose parameters' order was that of checkpoints that do not name them.
    """
    order = [name for name, parameter in model.named_parameters() if parameter.requires_grad]
    for name, each in wrappers_of(wrapper).items():
        saved, states = checkpoint.get('optimizer'), checkpoint.get('param_schedulers', [])
        if name:
            saved = (saved or {}).get(name)
            states = states.get(name, []) if isinstance(states, Mapping) else []
        if saved:
            _regroup(each, saved, states, order)


def _regroup(
    wrapper: BaseOptimWrapper, saved: dict, states: Sequence[dict], order: Sequence[str]
) -> None:
    groups, theirs = wrapper.optimizer.param_groups, saved['param_groups']
    members, before = _members(groups, order), _members(theirs, order)
    if not members or not before or members == before:
        return
    places = {name: number for number, names in enumerate(before) for name in names}
    if places.keys() != {name for names in members for name in names}:
        return
    sources = [sorted({places[name] for name in names}) for names in members]
    settings = [settings_of(group) for group in theirs]
    if any(settings[number] != settings[numbers[0]] for numbers in sources for number in numbers):
        return
    firsts = [numbers[0] for numbers in sources]
    numbers = _numbers(theirs, before)
    names = [name for group in members for name in group]
    saved['state'] = {
        number: saved['state'][numbers[name]]
        for number, name in enumerate(names)
        if numbers[name] in saved['state']
    }
    following = iter(range(len(names)))
    saved['param_groups'] = [
        dict(settings[first], params=[next(following) for _ in group], param_names=list(group))
        for first, group in zip(firsts, members, strict=True)
    ]
    has_base = getattr(wrapper, 'base_param_settings', None) is not None
    for state in states:
        for key in _BY_GROUP:
            if isinstance(values := state.get(key), list) and len(values) >= len(theirs):
                # mmengine's group of base values is behind those of parameters.
                base = values[len(theirs) :] or values[:1]
                state[key] = [values[first] for first in firsts] + (base if has_base else [])


def _members(groups: Sequence[Mapping[str, Any]], order: Sequence[str]) -> list[list[str]] | None:
    """Return the names of each group's parameters; None where it is not known whose they are."""
    if all('param_names' in group for group in groups):
        return [list(group['param_names']) for group in groups]
    if any('param_names' in group for group in groups):
        return None
    if sum(len(group['params']) for group in groups) != len(order):
        return None
    names = iter(order)
    return [[next(names) for _ in group['params']] for group in groups]


def _numbers(
    groups: Sequence[Mapping[str, Any]], members: Sequence[Sequence[str]]
) -> dict[str, int]:
    """Return the number under which each parameter's state is saved, by its name."""
    return {
        name: number
        for group, names in zip(groups, members, strict=True)
        for name, number in zip(names, group['params'], strict=True)
    }
