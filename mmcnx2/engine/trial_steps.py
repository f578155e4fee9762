"""How long a step of a training takes: tried on a copy of the model, and nothing is left of it."""

import time
from copy import deepcopy
from dataclasses import dataclass

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.distributed.fsdp import FSDPModule
from torch.utils.data import DataLoader, IterableDataset

from mmcnx2.datasets.seeding import drawing_from
from mmcnx2.engine.batches import inner_model
from mmcnx2.processes.threads import own_cores

_FEWEST = 2  # images: normalization over a batch takes more than one
_ENOUGH = 1.0  # seconds of a step on a CPU, after which more images tell no more


@dataclass(frozen=True)
class Pace:
    """How long images take.

    Attributes:
        learning: Seconds an image to learn from it.
        loading: Seconds an image to load it, in one process.
        images: How many it was tried on.
    """

    learning: float
    loading: float
    images: int

    def an_image(self, *, workers: int, cores: int, threads: int, on_cpu: bool) -> float:
        """Return the seconds that an image takes in a training.

        Args:
            workers: Processes that load.
            cores: That loading, and learning on a CPU, share.
            threads: That learn on a CPU.
            on_cpu: Whether learning takes cores, too.
        """
        if not workers:
            return self.learning + self.loading
        if on_cpu:
            busy = self.learning * min(threads, cores) + self.loading
            return max(self.learning, self.loading / workers, busy / cores)
        return max(self.learning, self.loading / min(workers, cores))


def seconds_a_step(runner: Runner) -> float | None:
    """Try how long a step takes, of the run's own model, images and precision.

    On a CPU a few images stand for the batch: they take time in proportion. What a step draws
    at random is drawn apart, so that the run goes on as if nothing had been tried; the optimizer's
    part, which is small, and what several GPUs tell each other, are left out.

    Args:
        runner: About to train, its weights loaded.

    Returns:
        Seconds; None where a trial would not tell: images that stream, a network that several GPUs
        share out, a compiled one.
    """
    loader, model = runner.train_dataloader, inner_model(runner.model)
    apart = isinstance(loader.dataset, IterableDataset) or isinstance(model, FSDPModule)
    if apart or runner.cfg.get('compile') or not len(loader.dataset):
        return None
    device = next(model.parameters()).device
    here = [device] if device.type == 'cuda' else []
    # Python's, numpy's and torch's own generators; and those of the GPU.
    with torch.random.fork_rng(devices=here), drawing_from(0):
        pace = _try(runner, deepcopy(model), loader, device)
    if here:
        torch.cuda.empty_cache()
    return loader.batch_sampler.batch_size * pace.an_image(
        workers=loader.num_workers,
        cores=own_cores(),
        threads=torch.get_num_threads(),
        on_cpu=not here,
    )


def _try(runner: Runner, model: BaseModel, loader: DataLoader, device: torch.device) -> Pace:
    model.train()
    full = min(loader.batch_sampler.batch_size, len(loader.dataset))
    size = min(_FEWEST, full) if device.type == 'cpu' else full
    batch, _ = _load(loader, size)
    took = _step(runner, model, batch, device)
    if device.type == 'cpu':  # the first step, which also compiles, tells how many are quick
        size = min(full, max(size, round(size * _ENOUGH / took)))
    batch, loading = _load(loader, size)
    took = _step(runner, model, batch, device)
    return Pace(learning=took / size, loading=loading / size, images=size)


def _load(loader: DataLoader, size: int) -> tuple[dict, float]:
    """Return a batch of the first images, and the seconds that it took."""
    began = time.perf_counter()
    batch = loader.collate_fn([loader.dataset[index] for index in range(size)])
    return batch, time.perf_counter() - began


def _step(runner: Runner, model: BaseModel, batch: dict, device: torch.device) -> float:
    """Return the seconds of a step without the optimizer's part."""
    began = time.perf_counter()
    with runner.optim_wrapper.optim_context(model):
        losses = model._run_forward(model.data_preprocessor(batch, True), mode='loss')
        loss, _ = model.parse_losses(losses)
    loss.backward()
    if device.type == 'cuda':
        torch.cuda.synchronize(device)
    return time.perf_counter() - began
