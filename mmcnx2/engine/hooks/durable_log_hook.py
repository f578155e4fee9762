"""Keeps a run, and what it says, through a full disk and a work folder that is removed."""

import logging
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.visualization.vis_backend import (
    BaseVisBackend,
    LocalVisBackend,
    TensorboardVisBackend,
)

from mmcnx2.registry import HOOKS

WRITES = ('add_config', 'add_graph', 'add_image', 'add_scalar', 'add_scalars')
TAIL = 1 << 16
"""Bytes within which a line of JSON ends."""


@HOOKS.register_module()
class DurableLogHook(Hook):
    """Have a run go on where its logs cannot be written, and say so once.

    - A log file, or a backend of the visualizer, that cannot be written is named the first time,
      the tenth, the hundredth and so on, and at the end with how much it misses. No line of JSON
      stays half-written.
    - Where the work folder, or that of the logs, is removed in mid-run, it is made again, the log
      goes on in it and says so.
    """

    priority = 'VERY_HIGH'

    def __init__(self):
        self._missing = []

    def before_run(self, runner: Runner) -> None:
        """Stand behind all that writes logs, once."""
        if not self._missing:
            handlers, backends = runner.logger.handlers, runner.visualizer._vis_backends.values()
            self._missing += [_guard_handler(handler, runner.logger) for handler in handlers]
            self._missing += [_guard_backend(backend, runner.logger) for backend in backends]

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch=None) -> None:
        """See whether the log is still there."""
        for handler in runner.logger.handlers:
            if isinstance(handler, logging.FileHandler):
                if not os.path.exists(handler.baseFilename):
                    _make_again(runner, handler)

    def after_train(self, runner: Runner) -> None:
        """Sum up."""
        for missing in self._missing:
            if missing.count:
                runner.logger.warning(f'{missing.name} misses {missing.count} entries.')


class _Missing:
    """Counts what a log misses, and says so: in a line for one, ten, a hundred and so on."""

    def __init__(self, name: str, logger: logging.Logger):
        self.name, self.logger = name, logger
        self.count = 0

    def add(self, error: OSError) -> None:
        self.count += 1
        if str(self.count).strip('0') == '1':
            self.logger.error(
                f'{self.name} cannot be written ({error}): training goes on without it, and what '
                f'it misses is counted ({self.count}).'
            )


def _guard_handler(handler: logging.Handler, logger: logging.Logger) -> _Missing:
    """Have a handler of a logger count errors, where logging shows a traceback each time."""
    missing = _Missing(f"The log '{getattr(handler, 'baseFilename', 'on the screen')}'", logger)
    complain = handler.handleError

    def count(record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            missing.add(error)
        else:
            complain(record)

    handler.handleError = count
    return missing


def _guard_backend(backend: BaseVisBackend, logger: logging.Logger) -> _Missing:
    missing = _Missing(f'What {type(backend).__name__} writes', logger)
    for name in WRITES:
        setattr(backend, name, _survive(getattr(backend, name), backend, missing))
    return missing


def _survive(write: Callable, backend: BaseVisBackend, missing: _Missing) -> Callable:
    @wraps(write)
    def survive(*args, **kwargs) -> None:
        try:
            write(*args, **kwargs)
        except OSError as error:
            missing.add(error)
            if isinstance(backend, LocalVisBackend):
                for file in Path(backend._save_dir).glob('*.json'):
                    _cut_half_line(file)

    return survive


def _cut_half_line(file: Path) -> None:
    """Remove what a full disk left of a last line: what follows would be unreadable, too."""
    with file.open('rb+') as lines:
        start = max(0, lines.seek(0, os.SEEK_END) - TAIL)
        lines.seek(start)
        tail = lines.read()
        lines.truncate(start + tail.rfind(b'\n') + 1)


def _make_again(runner: Runner, handler: logging.FileHandler) -> None:
    """Make the folders again that hold a log, and go on with the log."""
    log, name = Path(handler.baseFilename), runner.cfg.filename or f'{runner.timestamp}.py'
    config = Path(runner.work_dir, Path(name).name)  # a checkpoint may have made the folder again
    lost = log if log.parent.exists() else log.parent if config.exists() else runner.work_dir
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        old = handler.stream
        handler.setStream(log.open('a', encoding=handler.encoding))
        old.close()
        if not config.exists():
            runner.dump_config()
    except OSError:
        return  # for another reason, which is said where something is written
    for backend in runner.visualizer._vis_backends.values():
        if isinstance(backend, LocalVisBackend | TensorboardVisBackend):
            backend._env_initialized = False  # it opens its files anew
    runner.logger.error(
        f"'{lost}' was removed while the run writes to it: it is made again, without what was in "
        'it, and training goes on.'
    )
