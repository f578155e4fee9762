"""Several processes of a test, talking over gloo. What they run must be importable: not a test."""

from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
from mmengine.model import MMDistributedDataParallel
from torch import Tensor, nn
from torch.multiprocessing import spawn

from tests.support.fcmae import make_fcmae
from tests.support.toy import make_images, make_visible

BATCH = 4


def run_processes(work: Callable, folder: Path, count: int = 2) -> None:
    """Run ``work(rank, folder)`` in each of ``count`` processes of one gloo group.

    Args:
        work: A function of an importable module.
        folder: Empty, for their rendezvous and whatever they leave.
        count: World size.
    """
    spawn(_start, (work, str(folder), count), nprocs=count)


def _start(rank: int, work: Callable, folder: str, count: int) -> None:
    torch.set_num_threads(1)
    store = f'file://{folder}/rendezvous'
    dist.init_process_group('gloo', init_method=store, rank=rank, world_size=count)
    work(rank, folder)
    dist.destroy_process_group()


def fcmae_gradients(model: nn.Module, share: slice = slice(None)) -> dict[str, Tensor]:
    """Return FCMAE's gradients after one backward over a share of a batch with set masks."""
    net = model.module if hasattr(model, 'module') else model
    visible = make_visible(BATCH, 2, 3, 2)[share]
    net.draw_mask = lambda _: visible
    model(make_images(BATCH, 64, 96)[share], mode='loss')['loss'].backward()
    return {name: parameter.grad for name, parameter in net.named_parameters()}


def save_ddp_gradients(rank: int, folder: str) -> None:
    """Leave the gradients that a process of DDP has after its share, as ``{rank}.pt``."""
    size = BATCH // dist.get_world_size()
    # No unused parameters in pre-training, so DDP needs no search for them.
    model = MMDistributedDataParallel(make_fcmae(), find_unused_parameters=False)
    found = fcmae_gradients(model, slice(rank * size, (rank + 1) * size))
    torch.save(found, f'{folder}/{rank}.pt')
