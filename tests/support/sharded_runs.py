"""What two processes train in tests of ShardedRunner; importable, since they are spawned."""

import os
import signal
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmcnx2.engine import LossSpikeHook, ShardedRunner
from tests.support.long_run import ToyPreTraining, make_runner
from tests.support.tiny import LeaveOut, Tiny

STOPPED_AT = 2
END = 'epoch_1.pth'
KINDS = dict(
    ddp=dict(
        runner=Runner,
        cfg=dict(model_wrapper_cfg=dict(type='MMDistributedDataParallel', device_ids=None)),
    ),
    fsdp=dict(runner=ShardedRunner),
)
CLIPPED = dict(optimizer=dict(type='AdamW', lr=1e-3), clip_grad=dict(max_norm=0.1))
NO_VALIDATION = dict.fromkeys(('val_dataloader', 'val_cfg', 'val_evaluator'))
PAIRS = [('ddp', 'fsdp'), ('fsdp', 'ddp'), ('fsdp', 'fsdp')]


class TellOneProcess(Hook):
    """Has the cluster ask the second process for its machine."""

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if runner.iter + 1 == STOPPED_AT and dist.get_rank() == 1:
            os.kill(os.getpid(), signal.SIGUSR1)


def build(kind: str, folder: Path, **options) -> Runner:
    """Build a run of two processes that clips gradients."""
    os.environ['LOCAL_RANK'] = str(dist.get_rank())
    settings = dict(
        epochs=1,
        ema=False,
        launcher='pytorch',
        optim_wrapper=CLIPPED,
        checkpoint=dict(by_epoch=True, interval=1),
        **NO_VALIDATION,
    )
    return make_runner(folder, **settings | KINDS[kind] | options)


def train_and_exchange(rank: int, root: str) -> None:
    """Train with both kinds; break off with both, and go on from that with both."""
    root = Path(root)
    for kind in KINDS:
        runner = build(kind, root / kind)
        runner.train()
        if kind == 'fsdp':
            leave_counts(runner, root / f'held-{rank}.pt')
        try:
            build(kind, root / f'{kind}-stopped', hooks=(TellOneProcess(),)).train()
        except SystemExit as exit:
            (root / f'{kind}-status-{rank}').write_text(str(exit.code))
    for source, kind in PAIRS:
        path = root / f'{source}-stopped/interrupted.pth'
        build(kind, root / f'{source}-then-{kind}', load_from=str(path)).train()
    leave_features(rank, root)
    # Each is broken in one process, and the gradient in the half of it that the other one holds.
    broken = dict(bad_losses={2}) if rank else dict(bad_gradients={4})
    build('fsdp', root / 'skipped', model=Tiny(**broken)).train()
    go_back(rank, root)
    leave_refusals(rank, root)


def go_back(rank: int, root: Path) -> None:
    """Go back from a spike in one process, and train without its step from the beginning."""
    every_second = dict(by_epoch=False, interval=2)
    for name, hook in dict(back=LossSpikeHook(window=5, rollbacks=1), out=LeaveOut(7)).items():
        model = Tiny(spikes={7} if rank else ())
        options = dict(epochs=2, hooks=(hook,), checkpoint=every_second)
        build('fsdp', root / f'spike-{name}', model=model, **options).train()


def leave_features(rank: int, root: Path) -> None:
    """Leave what a sharded encoder makes of an image, called by itself before any step."""
    runner = build('fsdp', root / 'features', load_from=str(root / 'fsdp' / END))
    runner.load_or_resume()
    torch.save(features(runner.model), root / f'features-{rank}.pt')


def features(model: ToyPreTraining) -> torch.Tensor:
    """Return the last stage's map of an image."""
    with torch.no_grad():
        return model.eval().fcmae.backbone(torch.linspace(-1, 1, 3 * 64**2).view(1, 3, 64, 64))[-1]


def leave_refusals(rank: int, root: Path) -> None:
    """Leave what a run with averaged weights is told."""
    try:
        build('fsdp', root / 'refused', ema=True)
    except ValueError as error:
        (root / f'refusal-{rank}').write_text(str(error))


def leave_counts(runner: Runner, path: Path) -> None:
    """Leave how many numbers a process holds of the weights and of the optimizer's averages."""
    state = runner.optim_wrapper.optimizer.state.values()
    held = dict(
        weights=sum(p.to_local().numel() for p in runner.model.parameters()),
        averages=sum(entry['exp_avg'].to_local().numel() for entry in state),
        whole=sum(p.numel() for p in runner.model.parameters()),
    )
    torch.save(held, path)
