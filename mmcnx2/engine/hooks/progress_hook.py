"""How far a training is: a bar on a terminal, a line now and then elsewhere."""

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.runner import Runner
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from mmcnx2.checks import check_types
from mmcnx2.counted import counted
from mmcnx2.engine.trial_steps import seconds_a_step
from mmcnx2.registry import HOOKS

_FIRST = 2.0  # seconds until the first line; looks at the loss are no less apart


@HOOKS.register_module()
class ProgressHook(Hook):
    """Tell how long a training will take; show loss, images a second and the time that is left.

    Before the first step, the time is that of a few steps on a copy of the model
    (:func:`.seconds_a_step`). Where this hook is, the log goes to its file alone, but for warnings
    (:class:`QuietConsole`).

    Args:
        seconds: Between two lines, where the output is no terminal.
        usual_epochs: How many passes so many images usually take, if this training has fewer: its
            time is told, too.
        usual_steps: How many steps they are.
    """

    priority = 'VERY_LOW'

    @check_types
    def __init__(
        self,
        seconds: float = 30.0,
        usual_epochs: int | None = None,
        usual_steps: int | None = None,
    ):
        if not seconds > 0:
            raise ValueError(f'seconds={seconds}, but a number above 0 is expected.')
        self.seconds = seconds
        self.usual_epochs, self.usual_steps = usual_epochs, usual_steps
        self._bar = None

    def before_train(self, runner: Runner) -> None:
        """Tell how long it will take, and begin to count."""
        if is_main_process():
            self._tell_time(runner)
        self._began, self._first = time.monotonic(), runner.iter
        self._images = self._seen = 0
        self._looked = self._began
        self._next = self._began + _FIRST
        self._loss = None
        if not is_main_process():
            return
        console = Console(file=sys.stdout)
        if console.is_terminal:
            self._bar = Progress(
                TextColumn('{task.description}'),
                BarColumn(),
                TextColumn('{task.completed}/{task.total} steps'),
                TextColumn('{task.fields[said]}'),
                TimeRemainingColumn(),
                console=console,
            )
            self._task = self._bar.add_task(
                'training', total=runner.max_iters, completed=runner.iter, said=''
            )
            self._bar.start()
            _point_to_console(runner.logger)

    def after_train_iter(
        self, runner: Runner, batch_idx: int, data_batch=None, outputs: dict | None = None
    ) -> None:
        """Count a step; look at the loss now and then, since that waits for the device."""
        self._images += _size(data_batch)
        if not is_main_process():
            return
        now = time.monotonic()
        if outputs and now - self._looked >= min(_FIRST, self.seconds) / 2:
            self._looked, self._loss = now, outputs['loss'].item()
        done = runner.iter + 1
        if self._bar is not None:
            self._bar.update(self._task, completed=done, said=self._describe(now))
        elif now >= self._next:
            self._next = now + self.seconds
            print(self._line(runner, done, now), flush=True)

    def after_train(self, runner: Runner) -> None:
        """End the bar, or say once more how far it is."""
        self._end()
        if is_main_process():
            steps, took = runner.iter - self._first, time.monotonic() - self._began
            trained = f'Trained {counted(steps, "step")} in {_duration(took)}.'
            said = trained if steps else 'Nothing was left.'
            print(said, flush=True)

    def after_run(self, runner: Runner) -> None:
        """Leave the terminal as it was."""
        self._end()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _tell_time(self, runner: Runner) -> None:
        steps = runner.max_iters - runner.iter
        if steps <= 0:
            return
        try:
            each = seconds_a_step(runner)
        except Exception as error:  # training meets it, too, and tells where
            runner.logger.info(f'How long a step takes could not be tried: {error!r}.')
            each = None
        if each is None:
            return
        validation = '' if runner.val_loop is None else ', validation besides'
        few = ''
        if self.usual_steps and self.usual_steps > runner.max_iters:
            usual = _about(each * self.usual_steps)
            few = f' {self.usual_epochs} epochs would take about {usual}.'
        step = f'{each:.2g} s' if each < 60 else _about(each)
        print(
            f'{counted(steps, "step")} will take about {_about(each * steps)} '
            f'({step} each{validation}).{few}',
            flush=True,
        )

    def _line(self, runner: Runner, done: int, now: float) -> str:
        steps = done - self._first
        left = (now - self._began) / steps * (runner.max_iters - done)
        parts = [f'step {done} of {runner.max_iters}', self._describe(now)]
        return ', '.join(filter(None, [*parts, f'{_duration(left)} left']))

    def _describe(self, now: float) -> str:
        loss = [] if self._loss is None else [f'loss {self._loss:.4f}']
        speed = self._images / max(1e-9, now - self._began)
        return ', '.join([*loss, f'{speed:.3g} images/s'])


class QuietConsole:
    """A runner whose log shows warnings alone on the console; put before the runner's class."""

    def build_logger(self, *args, **kwargs) -> MMLogger:
        """Build the log as the runner does."""
        logger = super().build_logger(*args, **kwargs)
        for handler in _console_handlers(logger):
            handler.setLevel(logging.WARNING)
            handler.addFilter(_tells_users)
        return logger


@contextmanager
def warnings_alone() -> Iterator[None]:
    """Within, no log takes what is less than a warning: what is said before a run has its own."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)


def quiet(kind: type[Runner]) -> type[Runner]:
    """Return a kind of runner whose log is quiet on the console (:class:`QuietConsole`)."""
    return type(f'Quiet{kind.__name__}', (QuietConsole, kind), {})


def _tells_users(record: logging.LogRecord) -> bool:
    """Whether a warning is for those who train, not for those who write mmengine."""
    return 'deprecated' not in record.getMessage()


def _point_to_console(logger: logging.Logger) -> None:
    """Have warnings appear above the bar."""
    for handler in _console_handlers(logger):
        handler.setStream(sys.stdout)


def _console_handlers(logger: logging.Logger) -> list[logging.StreamHandler]:
    return [
        handler
        for handler in logger.handlers
        if isinstance(handler, logging.StreamHandler) and not hasattr(handler, 'baseFilename')
    ]


def _size(batch: dict | Sequence | None) -> int:
    """Return the number of images in a batch of any toolbox."""
    inputs = batch.get('inputs', ()) if isinstance(batch, dict) else batch or ()
    return len(inputs)


def _about(seconds: float) -> str:
    """Return a time that was tried, not measured: no seconds beside minutes."""
    return _duration(seconds if seconds < 90 else 60 * round(seconds / 60)).removesuffix(' 00 s')


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f'{hours} h {minutes:02d} min'
    return f'{minutes} min {rest:02d} s' if minutes else f'{rest} s'
