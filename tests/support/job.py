"""A toy job for tools/train.py: of its two processes one dies, and later they are told to go."""

import os
import time
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, HOOKS, METRICS, MODELS

from mmcnx2.compat import join_processes_without_gpu
from mmcnx2.engine.training import train
from tests.support.long_run import MemoryImages, Score, Tiny, end_state, kill

DIES_BEFORE, IS_TOLD_IN = 3, 6

CONFIG = """
custom_imports = dict(imports=['mmcnx2', 'tests.support.job'])
default_scope = 'mmpretrain'
model = dict(type='mmengine.Tiny')
train_dataloader = dict(
    dataset=dict(type='mmengine.MemoryImages'), batch_size=2, num_workers=2,
    persistent_workers=True, sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='default_collate'),
)
train_cfg = dict(by_epoch=True, max_epochs=3)
optim_wrapper = dict(optimizer=dict(type='AdamW', lr=1e-3))
default_hooks = dict(
    logger=dict(type='LoggerHook', interval=1),
    checkpoint=dict(type='mmcnx2.AtomicCheckpointHook', by_epoch=False, interval=1),
    resume=dict(type='mmcnx2.ExactResumeHook'),
    preemption=dict(type='mmcnx2.PreemptionHook'),
)
custom_hooks = [dict(type='mmengine.Fate'), dict(type='mmengine.KeepEnd')]
randomness = dict(seed=0, diff_rank_seed=True)
"""


@HOOKS.register_module()
class Fate(Hook):
    """Kills the second process in its first start, and waits to be told to go in the second.

    In the work folder's parent, each start is noted as ``started-<restart>-<rank>``; each process
    that waits leaves ``waiting-<rank>``, until there is ``sent``.
    """

    priority = 'LOWEST'

    def before_train(self, runner) -> None:
        self.folder = Path(runner.work_dir).parent
        self.restart = os.environ.get('TORCHELASTIC_RESTART_COUNT')
        if self.restart:
            (self.folder / f'started-{self.restart}-{get_rank()}').touch()

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        fate = self.restart, runner.iter + 1
        if fate == ('0', DIES_BEFORE) and get_rank() == 1:
            kill()
        if fate == ('1', IS_TOLD_IN):
            (self.folder / f'waiting-{get_rank()}').touch()
            while not (self.folder / 'sent').exists():
                time.sleep(0.05)


@HOOKS.register_module()
class KeepEnd(Hook):
    """Leaves the state at the end in ``end.pt``."""

    def after_run(self, runner) -> None:
        if get_rank() == 0:
            torch.save(end_state(runner), Path(runner.work_dir, 'end.pt'))


for registry, kind in ((MODELS, Tiny), (DATASETS, MemoryImages), (METRICS, Score)):
    if kind.__name__ not in registry:
        registry.register_module(module=kind)


def train_undisturbed(rank: int, config: str, work_dir: Path, meeting: Path) -> None:
    """Train to the end, or go on to it, as one of two processes that torchrun has not started."""
    torch.set_num_threads(1)
    os.environ['LOCAL_RANK'] = os.environ['RANK'] = str(rank)
    store = f'file://{meeting}'
    dist.init_process_group('gloo', init_method=store, rank=rank, world_size=2)
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(dict(work_dir=str(work_dir), launcher='pytorch', resume=True))
    join_processes_without_gpu(cfg)
    train(cfg)
    dist.destroy_process_group()
