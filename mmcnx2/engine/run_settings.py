"""What the result of a run depends on: to tell whether it belongs to given settings."""

import ast
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mmcnx2.checkpoints.files import read_checkpoint
from mmcnx2.engine.launch import read_config
from mmcnx2.shared_options import read_settings

# How fast and where a run goes, and what it says; and what is a variable of the file alone.
WITHOUT_EFFECT = frozenset(
    (
        'num_workers', 'persistent_workers', 'pin_memory', 'prefetch_factor', 'work_dir',
        'launcher', 'resume', 'log_level', 'log_processor', 'visualizer', 'vis_backends',
        'env_cfg', 'logger', 'visualization', 'custom_imports',
    )
)  # fmt: skip


def settings_of(config: str | Path, options: Sequence[str] = ()) -> dict[str, Any]:
    """Return what the result of a training depends on.

    Args:
        config: File of the config.
        options: ``--cfg-options``, ``KEY=VALUE``.

    Raises:
        FileNotFoundError: There is no such config.
        ValueError: An option that cannot be read.
    """
    return _settings(read_config(str(config), options=read_settings(options)).to_dict())


def settings_in(checkpoint: str | Path) -> dict[str, Any] | None:
    """Return what a checkpoint of mmengine says that it was trained with, without running it.

    Args:
        checkpoint: Its file.

    Returns:
        As of :func:`settings_of`; None if it holds no config that can be read.

    Raises:
        See :func:`.read_checkpoint`.
    """
    return settings_held(read_checkpoint(checkpoint))


def settings_held(checkpoint: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return :func:`settings_in` of a checkpoint that has been read."""
    meta = checkpoint.get('meta')
    text = meta.get('cfg') if isinstance(meta, Mapping) else None
    if not isinstance(text, str):
        return None
    try:
        return _settings(
            {
                line.targets[0].id: _literal(line.value)
                for line in ast.parse(text).body
                if isinstance(line, ast.Assign)
            }
        )
    except (SyntaxError, ValueError, AttributeError):
        return None


def relevant(value: Any) -> Any:
    """Leave out what changes no result, at any depth, and make tuples lists, as JSON does."""
    if isinstance(value, Mapping):
        return {str(k): relevant(v) for k, v in value.items() if k not in WITHOUT_EFFECT}
    if isinstance(value, list | tuple):
        return [relevant(entry) for entry in value]
    return value


def as_text(settings: Mapping[str, Any]) -> str:
    """Return settings as one line, equal for equal ones."""
    return json.dumps(settings, sort_keys=True, default=str)


def differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Return the dotted keys whose values differ, or that one of the two has alone."""
    left, right, absent = _flat(a), _flat(b), object()
    keys = sorted(left.keys() | right.keys())
    return [key for key in keys if left.get(key, absent) != right.get(key, absent)]


def _settings(content: dict[str, Any]) -> dict[str, Any]:
    # What a run was resumed from is a part of itself; other weights to begin with are a setting.
    if content.get('resume') or not content.get('load_from'):
        content.pop('load_from', None)
    return relevant(content)


def _flat(value: Any, key: str = '') -> dict[str, Any]:
    entries = value.items() if isinstance(value, Mapping) else enumerate(value)
    found = {}
    for name, entry in entries:
        path = f'{key}.{name}' if key else str(name)
        nested = isinstance(entry, Mapping | list) and entry
        found |= _flat(entry, path) if nested else {path: entry}
    return found


def _literal(node: ast.expr) -> Any:
    """Evaluate what mmengine writes: literals and calls of ``dict``. Nothing else is called."""
    match node:
        case ast.Call(func=ast.Name(id='dict'), args=args, keywords=pairs) if len(args) < 2:
            entries = _literal(args[0]) if args else {}
            return {**entries, **{pair.arg: _literal(pair.value) for pair in pairs}}
        case ast.Dict(keys=keys, values=values):
            return {_literal(k): _literal(v) for k, v in zip(keys, values, strict=True)}
        case ast.List(elts=entries) | ast.Tuple(elts=entries):
            return [_literal(entry) for entry in entries]
    return ast.literal_eval(node)
