"""Runs of a moment: a linear model under all of the project's hooks, saved at each step."""

import logging
from pathlib import Path

import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import Tensor, nn

from tests.support.long_run import MemoryImages, make_runner

NO_VALIDATION = dict.fromkeys(('val_dataloader', 'val_cfg', 'val_evaluator'))


class Brightness(BaseModel):
    """Predicts an image's mean from its channels' means."""

    def __init__(self, width: int = 3):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(3, width), nn.Linear(width, 1))
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.fill_(0.5)

    def forward(self, inputs: Tensor, index: Tensor, mode: str = 'tensor'):
        if mode != 'loss':
            return list(inputs)
        means = torch.stack(list(inputs)).mean((2, 3)) / 255
        return dict(loss=(self.layers(means) - means.mean(1, keepdim=True)).square().mean())


class Watch(Hook):
    """Notes each step's rate and images, and breaks the run off after some steps.

    Args:
        stop_at: Step of the run, not only of this start, behind whose end it breaks off.
    """

    priority = 'LOWEST'

    def __init__(self, stop_at: int | None = None):
        self.stop_at = stop_at
        self.rates, self.images, self.epochs = [], [], []

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self.rates.append(runner.optim_wrapper.param_groups[0]['lr'])
        self.images.append(data_batch['index'].tolist())
        self.epochs.append(runner.epoch)

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if runner.iter + 1 == self.stop_at:
            raise KeyboardInterrupt


def build(
    work_dir: Path,
    *,
    stop_at: int | None = None,
    batch_size: int = 2,
    images: int = 16,
    model: BaseModel | None = None,
    hooks: tuple[Hook, ...] = (),
    **options,
) -> tuple[Runner, Watch]:
    """Build a run of 8 steps an epoch, as :func:`make_runner` does, and what watches it."""
    watch = Watch(stop_at)
    settings = dict(epochs=1, ema=False, checkpoint=dict(max_keep_ckpts=-1), **NO_VALIDATION)
    runner = make_runner(
        work_dir, model=model or Brightness(), hooks=(watch, *hooks), **settings | options
    )
    runner._train_dataloader.update(batch_size=batch_size, dataset=MemoryImages(images))
    return listen(runner), watch


def run(work_dir: Path, **options) -> tuple[Runner, Watch]:
    """Train to the end, or to where it breaks off."""
    runner, watch = build(work_dir, **options)
    try:
        runner.train()
    except KeyboardInterrupt:
        assert watch.stop_at
    return runner, watch


class Lines(logging.Handler):
    """Keeps what is logged. Files of two short runs would have one name."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def listen(runner: Runner) -> Runner:
    """Have what a run logs from now on kept."""
    runner.logger.addHandler(Lines())
    return runner


def log_of(runner: Runner) -> str:
    """Return what a run has logged since :func:`listen`, on one line."""
    (kept,) = [handler for handler in runner.logger.handlers if isinstance(handler, Lines)]
    return ' '.join(kept.lines)


def cosine(epochs: int, **options) -> dict:
    """Return the config of a schedule that falls within some epochs."""
    kind = dict(type='CosineAnnealingLR', T_max=epochs, end=epochs, convert_to_iter_based=True)
    return dict(kind, **options)


def adam(**options) -> dict:
    """Return the config of an optimizer."""
    return dict(optimizer=dict(dict(type='AdamW', lr=1e-3, weight_decay=0.05), **options))
