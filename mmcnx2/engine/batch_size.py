"""The batch that fits into the memory of a GPU: tried, not guessed."""

import gc
from collections.abc import Callable

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import Runner

SHARE = 0.9
"""Of the memory that a step may take: what else runs on the GPU needs some, too."""
_STEPS = 2  # the optimizer makes its averages in the first


def largest(fits: Callable[[int], bool], *, first: int, most: int) -> int:
    """Return the largest power of two times a first try that fits, at least 1.

    Args:
        fits: Whether a batch of so many images does.
        first: Where to begin.
        most: Not above that.
    """
    size = min(first, most)
    if fits(size):
        while 2 * size <= most and fits(2 * size):
            size *= 2
        return size
    while size > 1:
        size //= 2
        if fits(size):
            break
    return size


def measure(cfg: Config, *, images: int) -> int:
    """Try how many images a step fit into the memory of the GPU that torch uses.

    Args:
        cfg: Of the training; its first images are taken.
        images: How many there are.
    """
    total = torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory

    def fits(size: int) -> bool:
        torch.cuda.reset_peak_memory_stats()
        try:
            take_steps(cfg, size, device='cuda')
        except torch.cuda.OutOfMemoryError:
            return False
        finally:
            gc.collect()
            torch.cuda.empty_cache()
        return torch.cuda.max_memory_allocated() <= SHARE * total

    return largest(fits, first=cfg.train_dataloader.batch_size, most=images)


def take_steps(cfg: Config, size: int, *, device: str) -> None:
    """Train for a few steps of so many images, which leave nothing behind."""
    cfg = cfg.copy()
    loader = dict(cfg.train_dataloader, batch_size=size, num_workers=0, persistent_workers=False)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model).to(device).train()
        optimizer = build_optim_wrapper(model, cfg.optim_wrapper)
        batch = next(iter(Runner.build_dataloader(loader, seed=0)))
        for _ in range(_STEPS):
            model.train_step(batch, optim_wrapper=optimizer)
