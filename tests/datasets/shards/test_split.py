"""An epoch's images are shared out to ranks and workers: all, each to one, in equal steps."""

from collections import Counter
from itertools import accumulate

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcnx2.datasets.shards.split import (
    cut_at_shards,
    images_of_rank,
    images_of_worker,
    number_of_batches,
)

loaders = dict(batch_size=st.integers(1, 7), drop_last=st.booleans())


def ranks(total: int, world_size: int, **loader) -> list[range]:
    return [
        images_of_rank(total, rank=rank, world_size=world_size, **loader)
        for rank in range(world_size)
    ]


@settings(deadline=None)
@given(world_size=st.integers(1, 6), more=st.integers(0, 60), **loaders)
def test_every_rank_has_the_same_number_of_batches(world_size, more, **loader):
    total = world_size + more
    parts = ranks(total, world_size, **loader)
    batches = {number_of_batches(len(part), **loader) for part in parts}
    assert batches == {number_of_batches(-(-total // world_size), **loader)}


@settings(deadline=None)
@given(world_size=st.integers(1, 6), more=st.integers(0, 60), **loaders)
def test_no_image_is_missed_and_few_are_seen_twice(world_size, more, **loader):
    total = world_size + more
    parts = ranks(total, world_size, **loader)
    seen = Counter(position % total for part in parts for position in part)
    assert sorted(seen) == list(range(total))
    twice = sum(seen.values()) - total
    assert twice < world_size
    length = total // world_size
    whole_steps = (length + loader['drop_last']) % loader['batch_size'] == 0
    if total % world_size == 0 or not whole_steps:
        assert twice == 0, 'images are repeated although every rank has as many batches without'


@settings(deadline=None)
@given(total=st.integers(1, 60), num_workers=st.integers(1, 5), **loaders)
def test_workers_share_their_ranks_images_batch_by_batch(total, num_workers, **loader):
    images = range(100, 100 + total)
    parts = [
        images_of_worker(images, worker=worker, num_workers=num_workers, **loader)
        for worker in range(num_workers)
    ]
    assert [position for part in parts for position in part] == list(images)[: sum(map(len, parts))]
    dropped = total % loader['batch_size'] if loader['drop_last'] else 0
    assert sum(map(len, parts)) == total - dropped
    # Taking turns, the loader never meets a worker that has nothing left before all have.
    batches = [number_of_batches(len(part), **loader) for part in parts]
    turns = range(number_of_batches(total, **loader))
    assert batches == [len(turns[worker::num_workers]) for worker in range(num_workers)]


@settings(deadline=None)
@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=8),
    start=st.integers(0, 80),
    length=st.integers(0, 80),
)
def test_shards_are_cut_where_positions_begin_and_end(counts, start, length):
    total = sum(counts)
    images = range(start % total, min(start % total + length, total + start % total))
    offsets = list(accumulate(counts, initial=0))
    read = [
        offsets[shard] + i
        for shard, first, stop in cut_at_shards(images, counts)
        for i in range(first, stop)
    ]
    assert read == [position % total for position in images]


def test_fewer_images_than_processes_are_refused():
    with pytest.raises(ValueError, match='3 images cannot be shared by 4 processes'):
        images_of_rank(3, rank=0, world_size=4, batch_size=1, drop_last=False)
