"""Random numbers that follow from where a run is, not from what was drawn before.

A run that is resumed then draws what it would have drawn without the break, and neither validation
nor the number of workers changes what training draws.
"""

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler, get_worker_info


def derive_seed(*numbers: int) -> int:
    """Return 32 bits that differ for different numbers, without a pattern.

    Args:
        numbers: From 0 up, such as a seed, an epoch and a position.
    """
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def seed_process(*numbers: int) -> None:
    """Seed the generators of Python, numpy and torch, on every device."""
    seed = derive_seed(*numbers)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@contextmanager
def drawing_from(*numbers: int) -> Iterator[None]:
    """Draw from these numbers for a while, and go on afterwards as if nothing had been drawn.

    Python's, numpy's and torch's generators on the CPU are meant, which transforms draw from. In a
    data loader's worker nothing else draws from them, and they stay as they are left: putting them
    back would take longer than all transforms but decoding and resizing.
    """
    in_worker = get_worker_info() is not None
    if not in_worker:
        states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    seed = derive_seed(*numbers)
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        if not in_worker:
            random.setstate(states[0])
            np.random.set_state(states[1])
            torch.set_rng_state(states[2])


class SeededIndex(int):
    """The index of a sample, and the numbers that its transforms draw from."""

    def __new__(cls, index: int, numbers: tuple[int, ...]):
        self = super().__new__(cls, index)
        self.numbers = numbers
        return self

    def __reduce__(self):  # it travels to a worker
        return type(self), (int(self), self.numbers)


class SeededBatches:
    """A batch sampler whose indices carry their place in the run; it can begin within an epoch.

    Everything else is asked of the batch sampler that it wraps.

    Args:
        batches: Yields lists of indices; whatever is no index passes as it is.
        seed: Seed of the run.
        rank: Rank of the process.

    Attributes:
        epoch: Number of the next iteration, from 0.
        skip: Batches that the next iteration leaves out; only that one does.
    """

    def __init__(self, batches: Sampler, *, seed: int, rank: int):
        self.batches = batches
        self.seed, self.rank = seed, rank
        self.epoch = 0
        self.skip = 0

    def __iter__(self) -> Iterator[list]:
        epoch, skip = self.epoch, self.skip
        self.epoch, self.skip = epoch + 1, 0
        for number, batch in enumerate(self.batches):
            if number < skip:
                continue
            yield [
                SeededIndex(index, (self.seed, self.rank, epoch, number, place))
                if isinstance(index, int)
                else index
                for place, index in enumerate(batch)
            ]

    def __len__(self) -> int:
        return len(self.batches)

    def __getattr__(self, name: str):
        if name == 'batches':  # not there yet while it is unpickled
            raise AttributeError(name)
        return getattr(self.batches, name)


class SeededItems:
    """Fetches samples, each drawing from the numbers that its index carries.

    As a data set's ``__getitems__`` it is what a data loader calls with the indices of a batch.

    Args:
        dataset: With ``__getitem__``.
        num_workers: Number of workers of the data loader.

    Attributes:
        reading: int64 ``(num_workers, 2)`` in shared memory: the process of each worker, and the
            index of the sample that it is at, -1 if at none. It outlives a worker that dies.
    """

    def __init__(self, dataset: Dataset, *, num_workers: int):
        self.dataset = dataset
        self.reading = torch.full((num_workers, 2), -1).share_memory_()

    def __call__(self, indices: list) -> list:
        worker = get_worker_info()
        if worker is None:
            return [self._get(index) for index in indices]
        items = []
        for index in indices:
            self.reading[worker.id] = torch.tensor([os.getpid(), index])
            items.append(self._get(index))
        self.reading[worker.id, 1] = -1
        return items

    def _get(self, index):
        if not isinstance(index, SeededIndex):
            return self.dataset[index]
        with drawing_from(*index.numbers):
            return self.dataset[int(index)]
