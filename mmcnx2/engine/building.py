"""Building what a config describes: what fails is told in one line that begins with the key."""

import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from inspect import signature
from itertools import chain
from pathlib import Path
from reprlib import Repr
from types import FrameType
from typing import Any

from mmengine.config import Config
from mmengine.registry import build_from_cfg
from mmengine.runner import Runner

from mmcnx2.engine.config_keys import nearest

_repr = Repr()
_repr.maxstring = _repr.maxother = 80
_LONGEST = 300  # letters of a sentence; mmengine puts whole configs into some
_PARTS = [name for name in signature(Runner).parameters if name not in ('work_dir', 'cfg')]
_BUILDERS = {build_from_cfg.__code__} | {
    getattr(Runner, name).__code__
    for name in vars(Runner)
    if name.lstrip('_').startswith(('build_', 'register_', 'scale_lr'))
}


@contextmanager
def told_by_key(
    cfg: Config,
    *,
    given: Mapping[str, Any] | None = None,
    debug: bool = False,
    running: bool = False,
    but: tuple[type[Exception], ...] = (),
) -> Iterator[None]:
    """Within, an error of building ends the program with one line; the traceback is in a file.

    Args:
        cfg: The config.
        given: Options of the command line, dotted keys to values: the first suspects.
        debug: Leave the error as it is, with its traceback.
        running: The run itself is within, too, whose errors are left as they are.
        but: Errors that are left as they are.

    Raises:
        SystemExit: With the line.
    """
    try:
        yield
    except Exception as error:
        if debug or isinstance(error, but) or (running and not _is_of_building(error)):
            raise
        sentence = describe(error, cfg, given=given).rstrip('.')
        file = _write_traceback(error, cfg)
        where = f'{file} and --debug show' if file else '--debug shows'
        raise SystemExit(f'error: {sentence} ({where} where).') from None


def describe(error: Exception, cfg: Mapping, *, given: Mapping[str, Any] | None = None) -> str:
    """Return one line that begins with the config's key, as far as the traceback knows it.

    Args:
        error: Raised within building.
        cfg: The config.
        given: Options of the command line, dotted keys to values.
    """
    path, node = _part_of(error, cfg)
    sentence = _sentence(error)
    if not path:
        changed = f' with {", ".join(given)}' if given else ''
        return f'the config{changed} cannot be built: {sentence}'
    if unexpected := re.search(r"unexpected keyword argument '(\w+)'", sentence):
        name = unexpected[1]
        near = nearest(name, [key for key in node if key != name])
        mend = f": did you mean '{near}'?" if near else '.'
        return f"{path}.{name}: {node.get('type', 'this part')} takes no key '{name}'{mend}"
    named = re.match(r'(\w+)=', sentence)
    if named and isinstance(node, Mapping) and named[1] in node:
        return f'{path}.{sentence}'
    below = [key for key in given or () if key == path or key.startswith(f'{path}.')]
    if len(below) == 1:
        return f'{below[0]}={_repr.repr(given[below[0]])}: {sentence}'
    return f'{path}: {sentence}'


def _sentence(error: Exception) -> str:
    """Return what an error says, on one line."""
    said = error.args[0] if isinstance(error, KeyError) and error.args else error
    text = ' '.join(str(said).split())
    if not text:
        line = traceback.extract_tb(error.__traceback__)[-1].line
        text = f"'{line}' does not hold" if line else 'it fails'
    if isinstance(error, KeyError) and len(text.split()) == 1:
        text = f"'{text}' is missing, or unknown"
    if not isinstance(error, ValueError | TypeError | AssertionError | KeyError):
        text = f'{type(error).__name__}: {text}'
    return text if len(text) <= _LONGEST else f'{text[:_LONGEST]}...'


def _frames(error: Exception) -> list[FrameType]:
    """Return the frames of builders that an error came through, the outermost first."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [frame for frame in frames if frame.f_code in _BUILDERS]


def _is_of_building(error: Exception) -> bool:
    return bool(_frames(error))


def _part_of(error: Exception, cfg: Mapping) -> tuple[str, Any]:
    """Return the innermost part of the config that was being built: its dotted key, and itself."""
    whole = {name: cfg[name] for name in _PARTS if cfg.get(name) is not None}
    wholes = [whole, *_as_built(whole)]
    path, node = '', whole
    for frame in _frames(error):
        code = frame.f_code
        for argument in code.co_varnames[: code.co_argcount]:
            built = frame.f_locals.get(argument)
            if not isinstance(built, Mapping | list):
                continue
            # A loop builds its loader.
            places = chain(_parts(node, path), *(_parts(each, '') for each in wholes))
            same = ((place, part) for place, part in places if _is_same(built, part))
            path, node = next(same, (path, node))
    return path, node


def _as_built(whole: Mapping) -> Iterator[dict]:
    """Yield the config whose model has the numbers that its parts name, if it can have them."""
    from mmcnx2.models.references import with_numbers  # with all of mmpretrain

    with suppress(AttributeError, KeyError, TypeError, ValueError):
        yield {**whole, 'model': with_numbers(whole['model'])}


def _parts(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the parts below a part, by dotted key, the outer ones first."""
    found = [(path, node)]
    while found:
        path, node = found.pop(0)
        entries = node.items() if isinstance(node, Mapping) else enumerate(node)
        below = [(f'{path}.{name}'.lstrip('.'), value) for name, value in entries]
        below = [(key, value) for key, value in below if isinstance(value, Mapping | list)]
        yield from below
        found += below


def _is_same(built: Mapping | list, part: Mapping | list) -> bool:
    """Say whether what is built is a part of the config, from which builders take and add keys."""
    if isinstance(built, list) or isinstance(part, list):
        return isinstance(built, list) and [*built] == [*part] and bool(built)
    if built.get('type') != part.get('type'):
        return False
    common = built.keys() & part.keys()
    return bool(common) and {k: built[k] for k in common} == {k: part[k] for k in common}


def _write_traceback(error: Exception, cfg: Mapping) -> Path | None:
    """Add an error's traceback to a file of the work folder; return it, None if that fails."""
    file = Path(cfg.get('work_dir') or '.', 'traceback.txt')
    try:
        with open(file, 'a', encoding='utf-8') as out:
            out.write(f'{datetime.now():%Y-%m-%d %H:%M:%S}\n')
            out.writelines(traceback.format_exception(error))
    except OSError:
        return None
    return file
