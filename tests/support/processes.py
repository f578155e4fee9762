"""Several processes of a test that talk to each other. What they run must be importable: no test.

This needs torch alone.
"""

from collections.abc import Callable
from pathlib import Path

import torch
import torch.distributed as dist
from torch.multiprocessing import start_processes

from tests.support import forkserver


def run_processes(work: Callable, folder: Path, count: int = 2, device: str = 'cpu') -> None:
    """Run ``work(rank, folder)`` in each of ``count`` processes of one group.

    Args:
        work: A function of an importable module.
        folder: Empty, for their rendezvous and whatever they leave.
        count: World size.
        device: 'cpu', and they talk over gloo; 'cuda', a GPU each, and they talk over NCCL.
    """
    forkserver.preload()
    method = 'spawn' if device == 'cuda' else forkserver.METHOD
    start_processes(_start, (work, str(folder), count, device), count, start_method=method)


def _start(rank: int, work: Callable, folder: str, count: int, device: str) -> None:
    torch.set_num_threads(1)
    if device == 'cuda':
        torch.cuda.set_device(rank)
    backend = 'nccl' if device == 'cuda' else 'gloo'
    store = f'file://{folder}/rendezvous'
    dist.init_process_group(backend, init_method=store, rank=rank, world_size=count)
    work(rank, folder)
    dist.destroy_process_group()
