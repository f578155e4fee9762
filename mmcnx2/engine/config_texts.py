"""Texts within a config, such as the paths that were made from another one."""

from collections.abc import Callable, Sequence

from mmengine.config import Config


def set_data_root(cfg: Config, data_root: str) -> None:
    """Move every data set of a config to another folder.

    A config's variables are spent once the file has been read: ``data_root`` is by then a part of
    the paths that were made from it. So all paths of the data loaders, evaluators and hooks at or
    below the old ``data_root`` are moved, and nothing else is touched.

    Args:
        cfg: A config with a top-level ``data_root``; changed in place.
        data_root: The folder to use instead.
    """
    old, new = cfg.data_root.rstrip('/'), data_root.rstrip('/') or '/'

    def move(text: str) -> str:
        at_or_below = text == old or text.startswith((old + '/',))
        return new + text[len(old) :] if at_or_below else text

    names = [
        name
        for name in cfg.keys()
        if name in ('data_root', 'custom_hooks') or name.endswith(('_dataloader', '_evaluator'))
    ]
    map_texts(cfg, names, move)


def map_texts(cfg: Config, names: Sequence[str], change: Callable[[str], str]) -> None:
    """Replace every text below some keys of a config, in place, once where parts are shared."""
    changed = set()

    def walk(value):
        if isinstance(value, str):
            return change(value)
        if isinstance(value, dict | list) and id(value) not in changed:
            changed.add(id(value))
            entries = value.items() if isinstance(value, dict) else enumerate(value)
            for key, entry in list(entries):
                value[key] = walk(entry)
        elif isinstance(value, tuple):
            return tuple(walk(entry) for entry in value)
        return value

    for name in names:
        cfg[name] = walk(cfg[name])
