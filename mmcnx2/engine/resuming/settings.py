"""The optimizer and the schedule of a checkpoint, brought to what the config says now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mmengine.optim import BaseOptimWrapper
from torch import Tensor

from mmcnx2.engine.resuming.configured import Configured, wrappers_of
from mmcnx2.engine.resuming.refusal import WAY_OUT, CannotStartError
from mmcnx2.engine.resuming.schedule import Position, replay, settings_of

_AVERAGES = ('exp_avg', 'exp_avg_sq', 'momentum_buffer')  # of each parameter, in its shape


def follow_config(
    configured: Mapping[str, Configured],
    wrapper: BaseOptimWrapper,
    checkpoint: dict,
    position: Position,
) -> list[str]:
    """Bring a checkpoint's settings to those of the config, where they differ.

    Where nothing differs nothing is touched: the run goes on equal to the bit. Where the schedule
    or the base of what it changes differs, the schedule is rebuilt at the position that the run has
    reached. The optimizer's averages stay.

    Args:
        configured: Settings of the run.
        wrapper: Its optimizer.
        checkpoint: That the runner is about to load; changed in place.
        position: Position of the run.

    Returns:
        What was changed, in clauses.

    Raises:
        CannotStartError: The optimizer is another one, its groups are others, or the schedule
            follows scores that are not known any more.
    """
    said = []
    for part in _parts(configured, wrapper, checkpoint):
        part.check_optimizer()
        changes, schedule = part.changed_settings(), part.changed_schedule()
        if not changes and not schedule:
            continue
        said += [*changes.values(), *schedule]
        if not schedule and not part.scheduled & changes.keys():
            part.put(part.kept_where_scheduled())
            continue
        part.check_repeatable(said)
        before, made = part.rate(), part.made
        part.put(*replay(made.schedulers, made.groups, position, made.in_steps))
        said.append(
            f'the schedule is rebuilt at step {position.stretched}, where the rate is '
            f'{part.rate():.4g} ({before:.4g} in the checkpoint)'
        )
    return said


@dataclass
class _Part:
    """One optimizer of a run: what the config made, and what the checkpoint holds.

    Attributes:
        name: Name of the optimizer, '' where there is one alone.
        wrapper: Optimizer wrapper of the optimizer.
        made: By the config.
        saved: The wrapper's state; changed in place.
        states: The schedulers'; a list that is changed in place.
        kind: Class name of the saved optimizer, None if the checkpoint does not say.
    """

    name: str
    wrapper: BaseOptimWrapper
    made: Configured
    saved: dict
    states: list[dict]
    kind: str | None

    @property
    def scheduled(self) -> set[str]:
        """What schedulers change."""
        return {scheduler.param_name for scheduler in self.made.schedulers}

    def rate(self) -> float:
        """The checkpoint's rate, that which is logged as ``lr``."""
        return float(self.saved['param_groups'][0]['lr'])

    def check_optimizer(self) -> None:
        """Refuse averages that are of no use to the optimizer of the config.

        Raises:
            CannotStartError: See :func:`follow_config`.
        """
        kind = type(self.wrapper.optimizer).__name__
        key = '.'.join(filter(None, ('optim_wrapper', self.name)))
        ours, theirs = self.wrapper.optimizer.param_groups, self.saved['param_groups']
        # Checkpoints from before kinds were noted: Adam's kind has betas, that of SGD none.
        alike = not ours or not theirs or ('betas' in ours[0]) == ('betas' in theirs[0])
        if self.kind not in (None, kind) or not alike:
            self._refuse(f'{key}.optimizer.type', kind, self.kind or 'of another kind')
        sizes = [[len(group['params']) for group in groups] for groups in (ours, theirs)]
        if sizes[0] != sizes[1] or not self._averages_fit():
            counts = [f'{len(each)} groups of {sum(each)} parameters' for each in sizes]
            if counts[0] == counts[1]:
                counts = ['one order of parameters', 'in another']
            self._refuse(f'{key}.paramwise_cfg or .constructor', *counts)

    def changed_settings(self) -> dict[str, str]:
        """Return what differs between the groups, by the name of the setting."""
        pairs = list(zip(self.made.groups, self._saved_groups(), strict=True))
        ignored = {*(f'{bound}_{p}' for p in self.scheduled for bound in _BOUNDS)}
        if 'momentum' in self.scheduled:
            ignored.add('betas')
        changes = {}
        for key in self.made.groups[0].keys() - ignored:
            values = [self._values(key, *pair) for pair in pairs]
            others = [pair for pair in values if pair and _plain(pair[0]) != _plain(pair[1])]
            if others:
                now, before = map(_shown, others[0])
                where = f' in {len(others)} of {len(pairs)} groups, the first of them'
                where = where if len(others) < len(pairs) else ''
                changes[key] = f'{key}{where} is {now} ({before} in the checkpoint)'
        return dict(sorted(changes.items()))

    def changed_schedule(self) -> list[str]:
        """Return what differs between the schedulers."""
        ours = [settings_of(scheduler.state_dict()) for scheduler in self.made.schedulers]
        theirs = [settings_of(state) for state in self.states]
        if len(ours) != len(theirs) or any(
            a.keys() != b.keys() for a, b in zip(ours, theirs, strict=True)
        ):
            kinds = (
                ', '.join(type(scheduler).__name__ for scheduler in self.made.schedulers) or 'none'
            )
            return [f'param_scheduler is {kinds}, and was another in the checkpoint']
        return [
            f'param_scheduler.{number}.{key} is {_shown(now[key])} ({_shown(before[key])} in the '
            'checkpoint)'
            for number, (now, before) in enumerate(zip(ours, theirs, strict=True))
            for key in now
            if _plain(now[key]) != _plain(before[key])
        ]

    def check_repeatable(self, changes: Sequence[str]) -> None:
        """Refuse to rebuild what follows scores.

        Raises:
            CannotStartError: A scheduler does.
        """
        for number, scheduler in enumerate(self.made.schedulers):
            if getattr(scheduler, 'need_val_args', False):
                raise CannotStartError(
                    f'{changes[0]}, but param_scheduler.{number} ({type(scheduler).__name__}) '
                    'follows scores that are not known any more: resume with the settings of the '
                    f'checkpoint, or {WAY_OUT}.'
                )

    def kept_where_scheduled(self) -> list[dict]:
        """Return the config's groups with the values of scheduled settings from the checkpoint."""
        keys = {f'{bound}{name}' for name in self.scheduled for bound in ('', 'initial_')}
        keys |= {'betas'} if 'momentum' in self.scheduled else set()
        return [
            {**ours, **{key: theirs[key] for key in keys & theirs.keys()}}
            for ours, theirs in zip(self.made.groups, self._saved_groups(), strict=True)
        ]

    def put(self, groups: Sequence[dict], states: Sequence[dict] | None = None) -> None:
        """Change what the checkpoint holds.

        Args:
            groups: As in :class:`Configured`.
            states: States of the schedulers; None leaves them.
        """
        for saved, group in zip(self._saved_groups(), groups, strict=True):
            saved.update({key: value for key, value in group.items() if key != 'params'})
        if states is not None:
            self.states[:] = states

    def _saved_groups(self) -> list[dict]:
        base = getattr(self.wrapper, 'base_param_settings', None)
        if base is None:
            self.saved.pop('base_param_settings', None)
            return self.saved['param_groups']
        own = self.saved.setdefault('base_param_settings', dict(base))
        return [*self.saved['param_groups'], own]

    def _values(self, key: str, ours: dict, theirs: dict) -> tuple[Any, Any] | None:
        """Return both values of a setting, its base where it is scheduled, None if one has none."""
        if key in self.scheduled:
            now = ours.get(f'initial_{key}', ours[key])
            before = theirs.get(f'initial_{key}', theirs.get(key))
            return None if before is None else (now, before)
        return (ours[key], theirs[key]) if key in ours and key in theirs else None

    def _averages_fit(self) -> bool:
        parameters = [p for group in self.wrapper.optimizer.param_groups for p in group['params']]
        numbers = [number for group in self.saved['param_groups'] for number in group['params']]
        for number, parameter in zip(numbers, parameters, strict=True):
            state = self.saved['state'].get(number, {})
            for key in _AVERAGES:
                if isinstance(state.get(key), Tensor) and state[key].shape != parameter.shape:
                    return False
        return True

    def _refuse(self, key: str, now: str, before: str) -> None:
        raise CannotStartError(
            f"{key}: the config's optimizer is {now}, the checkpoint's {before}, and what it has "
            'averaged cannot follow: resume with the settings of the checkpoint, or '
            f'{WAY_OUT}.'
        )


_BOUNDS = ('initial', 'max', 'min')


def _parts(
    configured: Mapping[str, Configured], wrapper: BaseOptimWrapper, checkpoint: dict
) -> Iterator[_Part]:
    kinds = checkpoint.get('progress', {}).get('optimizer', {})
    for name, each in wrappers_of(wrapper).items():
        saved = checkpoint['optimizer']
        states = checkpoint.setdefault('param_schedulers', {} if name else [])
        if name:
            saved, states = saved.get(name), states.setdefault(name, [])
        if saved is None:
            raise CannotStartError(
                f"optim_wrapper has an optimizer '{name}', the checkpoint has none of that name: "
                f'{WAY_OUT}.'
            )
        yield _Part(name, each, configured[name], saved, states, kinds.get(name))


def _plain(value: Any) -> Any:
    """Return a value in a form in which equal ones compare as equal."""
    if isinstance(value, Tensor):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _shown(value: Any) -> str:
    value = _plain(value)
    return f'{value:.6g}' if isinstance(value, float) else str(value)
