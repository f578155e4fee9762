"""What the plain values of a config may be: those that mmengine and torch take unseen.

Arguments of this project's own classes are checked where the objects are built.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from numbers import Real
from reprlib import Repr
from typing import Any, NamedTuple

from mmengine.config import Config

from mmcnx2.datasets.readers.pixels import MAX_CHANNELS

_repr = Repr()
_repr.maxstring = _repr.maxother = 80


class Rule(NamedTuple):
    """What a value must be: a test that it must pass, and the words for it."""

    fits: Callable[[Any], bool]
    expected: str


def whole(low: int, high: int = 2**31 - 1, *, also: Sequence[int | None] = ()) -> Rule:
    """Return a rule: a whole number of a range, or one of a few other values.

    Args:
        low: The smallest that will do.
        high: The largest.
        also: Values outside the range that mean something of their own.
    """

    def fits(value: Any) -> bool:
        if value is None:
            return None in also
        number = isinstance(value, int) and not isinstance(value, bool)
        return number and (low <= value <= high or value in also)

    others = ''.join(f', or {value}' for value in also)
    return Rule(fits, f'a whole number from {low} to {high}{others}')


def number(low: float, high: float, *, above: bool = False, below: bool = False) -> Rule:
    """Return a rule: a number of a range; neither NaN nor infinity will do.

    Args:
        low: The smallest that will do.
        high: The largest.
        above: ``low`` itself will not do.
        below: ``high`` itself will not do.
    """

    def fits(value: Any) -> bool:
        if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
            return False
        return low <= value <= high and not (above and value == low or below and value == high)

    start = f'above {low:g}' if above else f'from {low:g}'
    end = f'below {high:g}' if below else f'up to {high:g}'
    return Rule(fits, f'a number {start} and {end}')


def several(rule: Rule, count: int | None = None) -> Rule:
    """Return a rule: a list whose entries keep another rule.

    Args:
        rule: Rule of each entry.
        count: How many there must be; None for any number.
    """

    def fits(value: Any) -> bool:
        listed = isinstance(value, list | tuple) and count in (None, len(value))
        return listed and all(map(rule.fits, value))

    return Rule(fits, f'a list of {count or "numbers"}, each {rule.expected},')


def optional(rule: Rule) -> Rule:
    """Return a rule: what another one says, or None."""
    return Rule(lambda value: value is None or rule.fits(value), f'None, or {rule.expected}')


def one_of(*values: Any) -> Rule:
    """Return a rule: one of some values."""
    return Rule(
        lambda value: any(value is known or value == known for known in values),
        f'one of {", ".join(map(str, values))}',
    )


COUNT = whole(1)
FROM_0 = whole(0)
TRUTH = Rule(lambda value: isinstance(value, bool), 'True or False')
TEXT = Rule(lambda value: isinstance(value, str), 'a text')
TEXT_OR_NONE = Rule(lambda value: value is None or isinstance(value, str), 'a text or None')
RATE = number(0, 1000)
POSITIVE = number(0, 1e15, above=True)
SHARE = number(0, 1)
NORM_TYPE = Rule(
    lambda value: value == math.inf or POSITIVE.fits(value), 'a number above 0, or inf,'
)

BEGIN = Rule(
    lambda value: FROM_0.fits(value) or isinstance(value, float) and 0 < value < 1,
    f'{FROM_0.expected}, or a share of the length between 0 and 1,',
)

RULES = {
    'normalize': TEXT_OR_NONE,
    'in_channels': whole(1, MAX_CHANNELS, also=[None]),
    'bands': optional(several(whole(1, 10**4))),
    'data_root': TEXT,
    'work_dir': TEXT,
    'load_from': TEXT_OR_NONE,
    'resume': TRUTH,
    'default_scope': TEXT_OR_NONE,
    'experiment_name': TEXT_OR_NONE,
    'launcher': one_of('none', 'pytorch', 'slurm', 'mpi'),
    'log_level': one_of('NOTSET', 'DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'),
    'log_processor.window_size': COUNT,
    'log_processor.by_epoch': TRUTH,
    'auto_scale_lr.base_batch_size': COUNT,
    'auto_scale_lr.enable': TRUTH,
    'randomness.seed': whole(0, 2**32 - 1, also=[None]),
    'randomness.diff_rank_seed': TRUTH,
    'randomness.deterministic': TRUTH,
    'env_cfg.cudnn_benchmark': TRUTH,
    'env_cfg.resource_limit': COUNT,
    'env_cfg.mp_cfg.mp_start_method': one_of('fork', 'spawn', 'forkserver', None),
    'env_cfg.mp_cfg.opencv_num_threads': whole(0, 1024, also=[None]),
    'env_cfg.dist_cfg.backend': TEXT,
    'env_cfg.dist_cfg.timeout': POSITIVE,
    'train_cfg.max_epochs': COUNT,
    'train_cfg.max_iters': COUNT,
    'train_cfg.val_begin': FROM_0,
    'train_cfg.val_interval': COUNT,
    'train_cfg.by_epoch': TRUTH,
    '*_dataloader.batch_size': whole(1, 10**6),
    '*_dataloader.num_workers': whole(0, 1024),
    '*_dataloader.prefetch_factor': whole(1, 10**6, also=[None]),
    '*_dataloader.timeout': number(0, 1e9),
    '*_dataloader.drop_last': TRUTH,
    '*_dataloader.persistent_workers': TRUTH,
    '*_dataloader.pin_memory': TRUTH,
    '*_dataloader.*data_root': TEXT_OR_NONE,
    '*_dataloader*sampler.shuffle': TRUTH,
    'optim_wrapper*accumulative_counts': COUNT,
    'optim_wrapper*optimizer.lr': number(0, 1000, above=True),
    'optim_wrapper*optimizer.weight_decay': RATE,
    'optim_wrapper*optimizer.momentum': SHARE,
    'optim_wrapper*optimizer.eps': SHARE,
    'optim_wrapper*optimizer.betas': several(number(0, 1, below=True), 2),
    'optim_wrapper*clip_grad.max_norm': POSITIVE,
    'optim_wrapper*clip_grad.clip_value': POSITIVE,
    'optim_wrapper*clip_grad.norm_type': NORM_TYPE,
    'optim_wrapper*paramwise_cfg*_mult': number(0, 1e6),
    'optim_wrapper*paramwise_cfg.layer_decay_rate': number(0, 1, above=True),
    'param_scheduler*.T_max': COUNT,
    'param_scheduler*.begin': BEGIN,
    'param_scheduler*.end': COUNT,
    'param_scheduler*.by_epoch': TRUTH,
    'param_scheduler*.convert_to_iter_based': TRUTH,
    'param_scheduler*.eta_min': RATE,
    'param_scheduler*.eta_min_ratio': SHARE,
    'param_scheduler*.start_factor': number(0, 1, above=True),
    'param_scheduler*.end_factor': SHARE,
    'param_scheduler*.gamma': number(0, 1000, above=True),
    'param_scheduler*.step_size': COUNT,
    'param_scheduler*.milestones': several(number(0, 2**31 - 1)),
    'param_scheduler*.power': POSITIVE,
    'default_hooks.checkpoint.interval': COUNT,
    'default_hooks.checkpoint.max_keep_ckpts': whole(1, also=[-1]),
    'default_hooks.checkpoint.out_dir': TEXT_OR_NONE,
    'default_hooks.checkpoint.save_begin': FROM_0,
    'default_hooks.checkpoint.save_last': TRUTH,
    'default_hooks.checkpoint.by_epoch': TRUTH,
    'default_hooks.*.interval': COUNT,
    'custom_hooks.*.interval': COUNT,
    'custom_hooks.*.momentum': SHARE,
}
"""Pattern of a dotted key (``*`` stands for anything, dots too) -> what its value must be."""


def check_values(cfg: Config) -> None:
    """Refuse a config with a plain value that no run can mean.

    Args:
        cfg: The config.

    Raises:
        ValueError: With the first one's key, its value and what is expected.
    """
    for key, value in _nodes(cfg.to_dict()):
        for pattern, rule in RULES.items():
            if fnmatchcase(key, pattern) and not rule.fits(value):
                raise ValueError(f'{key}={_repr.repr(value)}, but {rule.expected} is expected.')
        if key.startswith('param_scheduler') and isinstance(value, Mapping):
            begin, end = value.get('begin', 0), value.get('end', math.inf)
            if FROM_0.fits(begin) and COUNT.fits(end) and end <= begin:
                raise ValueError(f'{key}.end={end}, but more than {key}.begin={begin} is expected.')


def _nodes(node: Any, path: str = '') -> Iterator[tuple[str, Any]]:
    """Yield all that a config holds, parts and values, by dotted key."""
    if path:
        yield path, node
    if isinstance(node, Mapping):
        entries = node.items()
    else:
        entries = enumerate(node) if isinstance(node, list | tuple) else ()
    for name, value in entries:
        yield from _nodes(value, f'{path}.{name}' if path else str(name))
