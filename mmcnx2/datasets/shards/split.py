"""Which images of an epoch go to which rank and worker: all of them, each to one.

An epoch is one long line of images, its shards in a new order each time. Ranks and workers take
consecutive parts of the line, so that a worker opens few shards, and as many images as give every
rank the same number of batches.
"""

from collections.abc import Iterator, Sequence


def images_of_rank(
    total: int, *, rank: int, world_size: int, batch_size: int, drop_last: bool
) -> range:
    """Return the part of the line ``0 .. total`` that a rank takes.

    Parts differ by one image at most. Where that would give one rank a batch more than another,
    and distributed training would wait for ever, the smaller parts are longer by the image behind
    them, which two ranks then see.

    Args:
        total: Images of the epoch.
        rank: Rank of this process, from 0.
        world_size: Number of processes.
        batch_size: Images of a batch of one process.
        drop_last: Whether an incomplete batch is left out.

    Returns:
        Positions; ``total`` stands for 0.

    Raises:
        ValueError: If there are fewer images than processes.
    """
    if total < world_size:
        raise ValueError(
            f'{total} images cannot be shared by {world_size} processes: use fewer processes.'
        )
    length, longer = divmod(total, world_size)
    start = rank * length + min(rank, longer)
    most = number_of_batches(length + bool(longer), batch_size, drop_last)
    length += rank < longer or number_of_batches(length, batch_size, drop_last) < most
    return range(start, start + length)


def images_of_worker(
    images: range, *, worker: int, num_workers: int, batch_size: int, drop_last: bool
) -> range:
    """Return the part of a rank's images that a worker takes.

    Workers take whole batches, so that only the rank's last one is incomplete, and a data loader
    that asks them in turn has taken batch ``k`` from worker ``k % num_workers``, to the end.

    Args:
        images: Number of images of the rank.
        worker: From 0.
        num_workers: Number of workers of the rank.
        batch_size: Images of a batch.
        drop_last: Whether an incomplete batch is left out.
    """
    batches = number_of_batches(len(images), batch_size, drop_last)
    share, longer = divmod(batches, num_workers)
    counts = [(share + (i < longer)) * batch_size for i in range(num_workers)]
    if not drop_last:
        counts[(batches - 1) % num_workers] -= batches * batch_size - len(images)
    start = images.start + sum(counts[:worker])
    return range(start, start + counts[worker])


def number_of_batches(images: int, batch_size: int, drop_last: bool) -> int:
    """Return how many batches a data loader makes of a number of images."""
    return images // batch_size if drop_last else -(-images // batch_size)


def cut_at_shards(images: range, counts: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Find positions of the line in its shards.

    Args:
        images: Positions; behind the last image comes the first one again.
        counts: Images of each shard, in the order of the line.

    Yields:
        Shard (an index into ``counts``), its first image to read, and the one to stop before.
    """
    total = sum(counts)
    for lap in (0, total):
        start = lap
        for shard, count in enumerate(counts):
            first, stop = max(images.start, start), min(images.stop, start + count)
            if first < stop:
                yield shard, first - start, stop - start
            start += count
