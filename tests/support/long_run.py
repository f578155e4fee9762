"""A toy pre-training that draws from every source of randomness, and can be killed."""

import itertools
import os
import random
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import Tensor, nn
from torch.utils.data import Dataset

from mmcnx2.engine.saving import atomic_backend
from mmcnx2.engine.saving.background_saving import OneAtATime, Parcel
from mmcnx2.engine.saving.checkpoint_note import CheckpointNote
from mmcnx2.engine.saving.remove_later import RemoveLater
from mmcnx2.models import FCMAE
from tests.support.toy import ARCH, randomize

BATCH = 2
_names = itertools.count()  # runners of one name would share a message hub


class MemoryImages(Dataset):
    """Images that each transform library would have changed at random."""

    def __init__(self, count: int = 16):
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> dict:
        shape = (3, 64, 64)
        image = np.random.default_rng(index).integers(0, 256, shape, dtype=np.uint8)
        image = np.roll(image, np.random.randint(64), axis=2)
        image = image if random.random() < 0.5 else image[:, ::-1].copy()
        image = torch.from_numpy(image).float() + torch.rand(shape)
        return dict(inputs=image, index=index)


class Score(BaseMetric):
    """A validation that draws random numbers, too."""

    def process(self, data_batch, data_samples) -> None:
        self.results.append(float(torch.rand(())))

    def compute_metrics(self, results) -> dict:
        return dict(score=float(np.mean(results)))


class ToyPreTraining(BaseModel):
    """FCMAE with drop path, on plain images."""

    def __init__(self, masks_seed: int | None = None):
        super().__init__()
        masking = dict(type='mmcnx2.RandomMasking', ratio=0.5, seed=masks_seed)
        arch = dict(ARCH, depths=(1, 1, 1, 1))
        self.fcmae = FCMAE(
            backbone=dict(
                type='mmcnx2.ConvNeXtV2', arch=arch, layout='packed', final_norm=False,
                drop_path_rate=0.3,
            ),
            neck=dict(type='mmcnx2.FCMAEDecoder', in_channels=24, embed_dims=8),
            head=dict(type='mmcnx2.FCMAEPretrainHead'),
            masking=masking,
            data_preprocessor=dict(type='mmpretrain.SelfSupDataPreprocessor'),
        )  # fmt: skip
        self.masking = self.fcmae.masking
        randomize(self, std=0.1)

    def forward(self, inputs: Tensor, index: Tensor, mode: str = 'tensor'):
        if mode == 'loss':
            return self.fcmae.loss(inputs / 255)
        return list(inputs)


class Tiny(BaseModel):
    """A model of a few weights that draws random numbers: its steps take no time."""

    def __init__(self):
        super().__init__()
        self.line = nn.Linear(3, 1)

    def forward(self, inputs: Tensor, index: Tensor, mode: str = 'tensor'):
        if mode == 'loss':
            means = inputs.mean((2, 3)) / 255
            return dict(loss=(self.line(means) - torch.rand(len(means), 1)).square().mean())
        return list(inputs)


class KillItself(Hook):
    """Ends its own process as abruptly as the kernel would, in a given step at a given point.

    Args:
        step: Counted from the start of the process.
        point: 'before', 'after' the step, or where a checkpoint is 'written', 'flushed', 'renamed',
            the work folder's note 'replaced' by one that names it, or older ones about to be
            'removed'; in the background also when it is 'queued', or when the next one is
            'waiting' for it; or seconds after the step's beginning, wherever the process is then.
    """

    priority = 'LOWEST'

    def __init__(self, step: int, point: str | float):
        self.step, self.point, self.steps = step, point, 0

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        self.steps += 1
        if self.steps != self.step:
            return
        match self.point:
            case float():
                threading.Timer(self.point, kill).start()
            case 'before':
                kill()
            case 'written':
                atomic_backend.open = _open_and_die_half_way
            case 'flushed':
                os.fsync = lambda descriptor: kill()
            case 'renamed':
                replace = os.replace
                os.replace = lambda a, b: (replace(a, b), kill())
            case 'replaced':
                write = CheckpointNote.write
                CheckpointNote.write = lambda *args: (write(*args), kill())
            case 'removed':
                RemoveLater.carry_out = lambda *args: kill()
            case 'queued':
                Parcel.write = lambda *args: kill()
            case 'waiting':
                asked, ask, begin = threading.Event(), OneAtATime.result, OneAtATime.start
                OneAtATime.start = lambda *args: (asked.clear(), begin(*args))
                OneAtATime.result = lambda *args: (asked.set(), ask(*args))[1]
                Parcel.write = lambda *args: (asked.wait(), kill())

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
        if self.steps == self.step and self.point == 'after':
            kill()


def kill() -> None:
    """End this process, leaving it no chance to tidy up."""
    os.kill(os.getpid(), signal.SIGKILL)


def _open_and_die_half_way(path, mode='r'):
    file = open(path, mode)
    if mode == 'wb':
        file.write(b'PK' + bytes(1000))
        file.flush()
        kill()
    return file


def make_runner(
    work_dir: Path,
    *,
    epochs: int = 3,
    workers: int = 0,
    resume: bool = True,
    seed: int | None = 0,
    masks_seed: int | None = None,
    model: BaseModel | None = None,
    hooks: tuple[Hook, ...] = (),
    checkpoint: dict | None = None,
    patience: int = 20,
    ema: bool = True,
    runner: type[Runner] = Runner,
    **options,
) -> Runner:
    """Build a runner with the project's hooks, saving after each step."""
    init_default_scope('mmpretrain')
    loader = dict(
        dataset=MemoryImages(),
        batch_size=BATCH,
        num_workers=workers,
        persistent_workers=workers > 0,
        sampler=dict(type='DefaultSampler', shuffle=True),
        collate_fn=dict(type='default_collate'),
    )
    saving = dict(type='mmcnx2.AtomicCheckpointHook', by_epoch=False, interval=1, max_keep_ckpts=2)
    average = [dict(type='EMAHook', momentum=0.1)] if ema else []
    settings = dict(
        model=model or ToyPreTraining(masks_seed),
        work_dir=str(work_dir),
        train_dataloader=loader,
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='AdamW', lr=1e-3)),
        param_scheduler=dict(type='CosineAnnealingLR', T_max=epochs, convert_to_iter_based=True),
        val_dataloader=dict(loader, sampler=dict(type='DefaultSampler', shuffle=False)),
        val_cfg=dict(),
        val_evaluator=[Score()],
        default_hooks=dict(
            logger=dict(type='LoggerHook', interval=1),
            checkpoint=dict(saving, **(checkpoint or {})),
            resume=dict(type='mmcnx2.ExactResumeHook'),
            finite_loss=dict(type='mmcnx2.FiniteLossHook', patience=patience),
            durable_log=dict(type='mmcnx2.DurableLogHook'),
            preemption=dict(type='mmcnx2.PreemptionHook'),
        ),
        custom_hooks=[*average, *hooks],
        resume=resume,
        randomness=dict(seed=seed, diff_rank_seed=True),
        experiment_name=f'toy-{next(_names)}',
    )
    return runner(**dict(settings, **options))


def train(
    work_dir: Path,
    step: int = 0,
    point: str | float = 'never',
    model: Callable[[], BaseModel] | None = None,
    options: dict | None = None,
) -> None:
    """Train to the end, or to the given death, and leave the state in ``end.pt``.

    A model is made here: one that is handed over would share its weights with the other processes.
    """
    torch.set_num_threads(1)
    options = dict(options or {}, model=model and model())
    runner = make_runner(work_dir, hooks=(KillItself(step, point),), **options)
    runner.train()
    torch.save(end_state(runner), work_dir / 'end.pt')


def end_state(runner: Runner) -> dict:
    """Return weights, averaged weights and the optimizer's state."""
    ema = [hook.ema_model.state_dict() for hook in runner.hooks if hasattr(hook, 'ema_model')]
    return dict(
        model=runner.model.state_dict(),
        ema=ema[0] if ema else {},
        optimizer=runner.optim_wrapper.state_dict()['state'],
    )
