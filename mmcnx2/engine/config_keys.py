"""Keys that a command line gives for a config: one that nothing would read is refused by name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from inspect import Parameter, signature
from reprlib import Repr
from typing import Any

from mmengine import registry
from mmengine.config import Config
from mmengine.runner import FlexibleRunner, Runner
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.utils.data import DataLoader

_repr = Repr()
_repr.maxstring = _repr.maxother = 80

_REGISTRIES = dict(
    pipeline=registry.TRANSFORMS,
    dataset=registry.DATASETS,
    sampler=registry.DATA_SAMPLERS,
    batch_sampler=registry.DATA_SAMPLERS,
    collate_fn=registry.FUNCTIONS,
    optimizer=registry.OPTIMIZERS,
    param_scheduler=registry.PARAM_SCHEDULERS,
    train_cfg=registry.LOOPS,
    val_cfg=registry.LOOPS,
    test_cfg=registry.LOOPS,
    default_hooks=registry.HOOKS,
    custom_hooks=registry.HOOKS,
    val_evaluator=registry.METRICS,
    test_evaluator=registry.METRICS,
    vis_backends=registry.VISBACKENDS,
    visualizer=registry.VISUALIZERS,
    optim_wrapper=registry.OPTIM_WRAPPERS,
    model=registry.MODELS,
)
"""Name of a part -> where the classes below it are registered; the innermost name counts."""

_BESIDE_PARAMETERS = dict(
    optim_wrapper=('constructor', 'paramwise_cfg'),
    param_scheduler=('convert_to_iter_based',),
    default_hooks=('priority',),
    custom_hooks=('priority',),
)
"""Keys that mmengine takes out before it calls the class."""

_LEFT_BY_RUNNER = (
    'activation_checkpointing bands compile compile_blocks custom_imports data_root '
    'efficient_conv_bn_eval find_unused_parameters in_channels metainfo model_wrapper_cfg '
    'normalize runner_type strategy sync_bn tta_model tta_pipeline'
).split()
"""Keys at the top that are read, but are no arguments of the runner."""


def _parameters(*functions: Callable) -> set[str]:
    """Return the names of all arguments of some functions or classes."""
    return {name for function in functions for name in signature(function).parameters}


_TOP = _parameters(Runner, FlexibleRunner) | set(_LEFT_BY_RUNNER)
_LOADER = _parameters(DataLoader) | {'num_batch_per_epoch'}
_PLAIN = dict(
    train_dataloader=_LOADER,
    val_dataloader=_LOADER,
    test_dataloader=_LOADER,
    randomness=_parameters(Runner.set_randomness) - {'self'},
    clip_grad=_parameters(clip_grad_norm_, clip_grad_value_) - {'parameters'} | {'type'},
    auto_scale_lr={'base_batch_size', 'enable'},
    env_cfg={'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'},
    mp_cfg={'mp_start_method', 'opencv_num_threads'},
)
"""Parts without a class, and the keys that mmengine reads there."""


def check_given_keys(cfg: Config, options: Mapping[str, Any]) -> None:
    """Refuse options for a config that nothing reads or that no part of it can hold.

    A key that the config lacks must be an argument of the class that its part is of. Where the
    class takes ``**kwargs``, and in a part without a class, a new key passes unless it is nearly
    the name of one that is known; what then fails is told where the object is built.

    Args:
        cfg: The config, before the options are applied.
        options: Dotted keys to values.

    Raises:
        ValueError: With the key and the nearest that exists.
    """
    whole = cfg.to_dict()
    scope = options.get('default_scope', whole.get('default_scope'))
    for key, value in options.items():
        _check_top(whole, key)
        node, parts = whole, key.split('.')
        for depth, part in enumerate(parts):
            path = '.'.join(parts[:depth])
            if isinstance(node, list | tuple):
                if not part.isdecimal() or int(part) >= len(node):
                    last = len(node) - 1
                    raise ValueError(f'{key}: {path} is a list with entries 0 to {last}.')
                if depth == len(parts) - 1:
                    raise ValueError(f'{key}: give the whole list, {path}=[...], or a key in it.')
                node = node[int(part)]
                continue
            if not isinstance(node, Mapping):
                raise ValueError(f'{key}: {path} is {_repr.repr(node)}, which holds no keys.')
            if part not in node:
                _check_new(node, parts[:depth], part, key, options=options, scope=scope)
                break
            node = node[part]
        else:
            _check_replaced(node, key, value)
            if parts[-1] == 'type':
                _check_type(node, parts[:-1], value, scope=scope)


def nearest(name: str, names: Iterable[str], *, cutoff: float = 0.7) -> str | None:
    """Return the name that is most like another one in its letters, None if none is much so.

    Args:
        name: The one.
        names: Those to choose from.
        cutoff: How much, from 0 to 1 (the same).
    """
    by_letters = {known.lower(): known for known in sorted(names)}
    found = get_close_matches(name.lower(), by_letters, n=1, cutoff=cutoff)
    return by_letters[found[0]] if found else None


def keys_of(component: Callable) -> tuple[set[str], bool]:
    """Return the keys that a class takes from its config, and whether these are all.

    Where it takes ``**kwargs``, they are its bases' keys, too, and perhaps not all.
    """
    ways = [component, *(base.__init__ for base in getattr(component, '__mro__', ()))]
    keys = {'type', '_scope_'}
    for way in ways:
        try:
            parameters = signature(way).parameters.values()
        except ValueError:  # of a class in C
            return keys, False
        keys |= {parameter.name for parameter in parameters}
        if not any(parameter.kind is Parameter.VAR_KEYWORD for parameter in parameters):
            return keys, way is component
    return keys, False


def _check_top(cfg: Mapping, key: str) -> None:
    """Refuse a variable of the config file, which has been used when the file has been read."""
    top = key.partition('.')[0]
    if key != top or top in _TOP or top not in cfg or isinstance(cfg[top], Mapping | list):
        return
    parts = 'train_cfg optim_wrapper.optimizer train_dataloader model.backbone model'.split()
    for name in parts:
        node = cfg
        for part in name.split('.'):
            node = node.get(part) if isinstance(node, Mapping) else None
        if isinstance(node, Mapping) and top in node:
            raise ValueError(
                f"{key}: a run does not read this variable of the config's file: give {name}.{key}."
            )


def _check_new(
    node: Mapping, path: Sequence[str], part: str, key: str, *, options: Mapping, scope: str | None
) -> None:
    """Refuse a key that a part of the config lacks, if nothing can read it there."""
    where = '.'.join(path)
    if f'{where}.{part}.type'.lstrip('.') in options:
        return  # a new part; whether its class takes its other keys shows when it is built
    known, sure = _known_keys(node, path, options=options, scope=scope)
    if part in known:
        return
    near = nearest(part, known, cutoff=0.7 if sure else 0.8)
    if not sure and near is None:
        return
    kind = options.get(f'{where}.type', node.get('type'))
    holder = f'{where} ({kind})' if kind else where or 'a config'
    names = ', '.join(sorted(known if path else node))
    mend = f"did you mean '{near}'?" if near else f'it takes {names}.'
    raise ValueError(f"{key}: {holder} takes no key '{part}': {mend}")


def _known_keys(
    node: Mapping, path: Sequence[str], *, options: Mapping, scope: str | None
) -> tuple[set[str], bool]:
    """Return the keys that a part takes, and whether these are all."""
    present = set(node)
    if not path:
        return present | _TOP, True
    if path[-1] in _PLAIN:
        return present | _PLAIN[path[-1]], True
    kind = options.get('.'.join([*path, 'type']), node.get('type'))
    area = _area(path)
    component = None if kind is None or area is None else _find(kind, area, scope)
    keys, sure = (set(), False) if component is None else keys_of(component)
    return present | keys | set(_BESIDE_PARAMETERS.get(area, ())), sure


def _area(path: Sequence[str]) -> str | None:
    """Return which of ``_REGISTRIES`` a part's class is in; None if that is not known."""
    if path[-1].endswith('_cfg') and len(path) > 1:
        return None  # such as norm_cfg, from which builders take keys
    # The loops' names stand for other things within a model.
    names = [name for i, name in enumerate(path) if i == 0 or not name.endswith('_cfg')]
    return next((name for name in reversed(names) if name in _REGISTRIES), None)


def _find(kind: Any, area: str, scope: str | None) -> Callable | None:
    """Return the class that a part names, None if there is none, which building will say."""
    if not isinstance(kind, str):
        return kind if callable(kind) else None
    with _REGISTRIES[area].switch_scope_and_registry(scope) as own:
        try:
            return own.get(kind)
        except (
            ImportError,
            KeyError,
            RuntimeError,
        ):  # an empty name, or a module that is not there
            return None


def _check_type(before: Any, path: Sequence[str], kind: Any, *, scope: str | None) -> None:
    """Refuse the name of a class that is not where the one that it replaces is."""
    area = _area(path) if path else None
    if area is None or _find(before, area, scope) is None:
        return
    key = '.'.join([*path, 'type'])
    if not isinstance(kind, str):
        raise ValueError(f'{key}={_repr.repr(kind)}, but the name of a class is expected.')
    if _find(kind, area, scope) is None:
        with _REGISTRIES[area].switch_scope_and_registry(scope) as own:
            known = {*own.module_dict, *_REGISTRIES[area].module_dict}
        near = nearest(kind, known)
        mend = f"did you mean '{near}'?" if near else f'it was {before}.'
        raise ValueError(f'{key}={kind!r}, but no {own.name} has this name: {mend}')


def _check_replaced(node: Any, key: str, value: Any) -> None:
    """Refuse a plain value in the place of a part, or of a list of parts."""
    if value is None:
        return
    plain = key.rpartition('.')[2] in (*_PLAIN, 'dist_cfg', 'paramwise_cfg')
    if isinstance(node, Mapping) and ('type' in node or '.' not in key or plain):
        names = ', '.join(f'{key}.{name}' for name in list(node)[:3])
        raise ValueError(
            f'{key}={_repr.repr(value)}, but this is a part of the config: give one of its keys, '
            f'such as {names}, or None.'
        )
    parts = isinstance(node, list) and any(isinstance(entry, Mapping | list) for entry in node)
    if parts and value != []:
        raise ValueError(
            f'{key}={_repr.repr(value)}, but this is a list of {len(node)} parts: give a key of '
            f'one, such as {key}.0.{next(iter(node[0]), "KEY")}, or [].'
        )
