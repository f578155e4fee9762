"""Many files read by a few threads, with a bar, and only those that have changed."""

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from typing import TypeVar

from mmengine.utils import ProgressBar
from PIL import Image

from mmcnx2.datasets.image_file import file_around
from mmcnx2.datasets.preflight.cache import FactsCache

THREADS = 8  # decoders let other threads run, and a network disk makes all of them wait
_SHARE = 1024  # files handed to the threads at once
_PATIENCE = 2.0  # seconds without a bar

Facts = TypeVar('Facts')


def read_files(
    paths: Sequence[str], read: Callable[[str], Facts], *, facts: type[Facts], kind: str
) -> dict[str, Facts | None]:
    """Read what is to be known of files.

    Args:
        paths: Paths of the files.
        read: Returns the facts of one.
        facts: Their dataclass, whose fields JSON can hold.
        kind: Name of what ``read`` finds.

    Returns:
        The facts by path, None where there is no file.
    """
    paths = list(dict.fromkeys(paths))
    if not paths:
        return {}
    folders = {os.path.dirname(os.path.abspath(path)) for path in paths}
    cache = FactsCache(os.path.commonpath(folders), kind)
    found, unknown = {}, {}
    for path, status in _in_threads(_status, paths, said=f'listing {len(paths)} files'):
        known = cache.get(path, status) if status else None
        found[path] = facts(*map(_frozen, known)) if known is not None else None
        if status and known is None:
            unknown[path] = status
    try:
        for path, new in _in_threads(read, list(unknown), said=f'looking at {len(unknown)} files'):
            found[path] = new
            cache.put(path, unknown[path], list(astuple(new)))
    finally:  # what was read until somebody lost patience is not read again
        if unknown:
            cache.save()
    return found


def _in_threads(function: Callable, paths: Sequence[str], *, said: str) -> Iterator[tuple]:
    """Yield each path with what the function returns for it, in order."""
    with warnings.catch_warnings(), ThreadPoolExecutor(THREADS) as pool:
        warnings.simplefilter('ignore', Image.DecompressionBombWarning)
        shares = (paths[i : i + _SHARE] for i in range(0, len(paths), _SHARE))
        found = (result for share in shares for result in pool.map(function, share))
        yield from _with_bar(zip(paths, found, strict=True), len(paths), said)


def _with_bar(items: Iterable, total: int, said: str) -> Iterator:
    bar, start = None, time.monotonic()
    step = 1 + total // 500
    for number, item in enumerate(items, start=1):
        yield item
        if bar is None and time.monotonic() - start > _PATIENCE:
            print(f'{said} (--no-data-check starts without)', flush=True)
            bar = ProgressBar(total, file=sys.stdout)
            bar.completed = number - number % step
        if bar and number % step == 0:
            bar.update(step)
    if bar:
        print(flush=True)


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        pass
    try:
        return os.stat(file_around(path))
    except OSError:
        return None


def _frozen(value):
    return tuple(value) if isinstance(value, list) else value
