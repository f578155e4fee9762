"""The same command again: what it may change in a run that is there, and what it may not."""

from collections.abc import Mapping
from typing import Any

FREE = ('workers', 'device', 'gpus', 'log_to')
"""What makes no difference to what is learnt, but for the order of sums."""


def compare(was: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a command changes in a run; what it leaves out stays as it was.

    Args:
        was: Arguments of the run.
        given: What the person says now.

    Raises:
        ValueError: A change that would make another run of it, all of them named.
    """
    changed = {name: value for name, value in given.items() if was.get(name) != value}
    longer = 'epochs' in changed and changed['epochs'] > was['epochs']
    refused = [name for name in changed if name not in FREE and not (name == 'epochs' and longer)]
    if refused:
        were = '; '.join(_difference(name, was.get(name), given[name]) for name in refused)
        raise ValueError(f'{were}: use --overwrite to begin anew, or another --out.')
    return changed


def _difference(name: str, was: Any, now: Any) -> str:
    if isinstance(was, Mapping) or isinstance(now, Mapping):
        was, now = dict(was or {}), dict(now)
        keys = [key for key in {**was, **now} if was.get(key) != now.get(key)]
        return '; '.join(f'{key} was {was.get(key)} and is now {now.get(key)}' for key in keys)
    name = name.rstrip('_')
    if name == 'epochs':
        return f'epochs was {was} and cannot become fewer ({now})'
    return f'{name} was {was} and is now {now}'
