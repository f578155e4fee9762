"""A run that goes on has the learning rate of its config, also if that has been changed."""

import logging

from mmengine.logging import print_log
from mmengine.optim import OptimWrapperDict
from mmengine.runner import Runner


def follow_rate(runner: Runner, checkpoint: dict) -> None:
    """Bring the rates in a checkpoint, before it is restored, to those that the config asks for.

    mmengine restores rates and schedules as they were saved, so that another ``lr`` in the config
    would be ignored. Here, each parameter group whose peak rate is another one in the config than
    in the checkpoint is put where its schedule would be now, had it begun with the new rate. The
    shape of the schedule (length, warm-up, smallest rate) stays that of the checkpoint. Where
    nothing was changed, nothing is touched. The log says what was.

    Args:
        runner: With optimizer and schedules built from its config.
        checkpoint: That is being resumed from; changed in place.
    """
    wrapper = runner.optim_wrapper
    if 'optimizer' not in checkpoint or type(wrapper) in (dict, OptimWrapperDict):
        return
    schedules = [
        state
        for state in checkpoint.get('param_schedulers') or []
        if isinstance(state, dict) and state.get('param_name') == 'lr'
    ]
    saved = checkpoint['optimizer']
    base = saved.get('base_param_settings')
    groups = [*saved['param_groups'], *([base] if base else [])]
    if len(groups) != len(wrapper.param_groups):
        return  # another model: restoring it will say so
    before, now = list(map(_peak, groups)), list(map(_peak, wrapper.param_groups))
    if before == now:
        return
    floor = _floor(schedules)
    for place, group in enumerate(groups):
        group['lr'] = _move(group['lr'], before[place], now[place], floor)
        if 'initial_lr' in group:
            group['initial_lr'] = now[place]
    for state in schedules:
        state['base_values'] = list(now)
        state['_last_value'] = [group['lr'] for group in groups]
    print_log(
        f'The learning rate is {max(now):g} in the config and was {max(before):g} in the '
        f'checkpoint: the config is followed, and the schedule goes on at '
        f'{max(group["lr"] for group in groups):g}.',
        logger='current',
        level=logging.WARNING,
    )


def _peak(group: dict) -> float:
    """Return the rate of a parameter group that its schedule begins from."""
    return group.get('initial_lr', group['lr'])


def _floor(schedules: list[dict]) -> float:
    """Return the rate that the schedule in force falls to, if it is given as a number."""
    begun = [state for state in schedules if state['begin'] <= state['_global_step']]
    return next((state['eta_min'] for state in reversed(begun) if state.get('eta_min')), 0.0)


def _move(rate: float, before: float, now: float, floor: float) -> float:
    """Return the rate from a peak of ``now`` that is as far down to the floor as ``rate`` is."""
    if before == now:
        return rate
    if before == floor:
        return now
    return floor + (rate - floor) * (now - floor) / (before - floor)
