"""The look at the data in a run: one process looks, all learn the verdict."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import torch.distributed as dist
from mmengine.config import Config
from mmengine.dist import get_world_size, is_main_process
from mmengine.logging import print_log
from torch import nn

from mmcnx2.datasets.preflight import Report, look_at_data
from mmcnx2.paths import printable

_LONGEST = timedelta(days=7)  # the others wait for the one that looks, however many files there are


def check_data(
    cfg: Config,
    loaders: Mapping[str, Mapping | None],
    *,
    model: nn.Module | None = None,
    classes: Sequence[str] | None = None,
) -> None:
    """Look at the data before anything is loaded; the log ends with one line of what was found.

    Args:
        cfg: Config of the run.
        loaders: Configs of the data loaders by name, of ``train``, ``val`` and ``test``; None are
            left out.
        model: To be trained, if it is.
        classes: That a tested model was trained with, by label.

    Raises:
        SystemExit: With a sentence for each kind of problem, if the run must not start. Processes
            other than the main one exit without a word.
    """
    loaders = {name: loader for name, loader in loaders.items() if loader}
    options = dict(model=model, classes=classes, processes=get_world_size())

    def look() -> str | None:
        return _tell(look_at_data(cfg, loaders, **options))

    verdict = _on_main_process(look)
    if verdict is not None:
        raise SystemExit(verdict if is_main_process() else 1)


def _tell(report: Report) -> str | None:
    """Log what is no reason to stop; return what is."""
    for warning in report.warnings:
        print_log(printable(warning), logger='current', level=logging.WARNING)
    if not report.errors:
        print_log(printable(report.found), logger='current')
        return None
    last = 'error: nothing was started; --no-data-check starts all the same.'
    return printable('\n'.join([*(f'error: {e}' for e in report.errors), last, report.found]))


def _on_main_process(function: Callable[[], str | None]) -> str | None:
    """Return in all processes what a function returns in the main one; the others wait for it."""
    if not dist.is_initialized() or dist.get_world_size() == 1:
        return function()
    # Of its own, as the processes' usual group gives up after minutes.
    group = dist.new_group(backend='gloo', timeout=_LONGEST)
    verdict = ['the main process failed at the look at the data']
    try:
        if is_main_process():
            verdict = [function()]
    finally:
        dist.broadcast_object_list(verdict, src=0, group=group)
        dist.destroy_process_group(group)
    return verdict[0]
