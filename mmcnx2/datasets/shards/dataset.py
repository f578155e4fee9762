"""Images streamed from tar shards, for data sets too large for millions of single files."""

import os
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import torch
import webdataset
from mmengine.dataset import Compose
from mmengine.dist import get_dist_info
from torch.utils.data import IterableDataset, get_worker_info

from mmcnx2.checks import check_not_empty, check_types
from mmcnx2.datasets.addresses import join
from mmcnx2.datasets.seeding import drawing_from
from mmcnx2.datasets.shards.index import ShardIndex
from mmcnx2.datasets.shards.samples import to_pipeline
from mmcnx2.datasets.shards.split import cut_at_shards, images_of_rank, images_of_worker
from mmcnx2.datasets.shards.stream import read_index, read_shard
from mmcnx2.datasets.unreadable import UnreadableImages, check_max_unreadable, run_transforms
from mmcnx2.paths import expand_home
from mmcnx2.registry import DATASETS


@DATASETS.register_module()
class ImageShards(IterableDataset):
    """Images from the shards that ``tools/dataset_tools/make_shards.py`` packed, or indexed.

    In each epoch the shards come in a new order, each rank and each of its workers reads its own
    part of them (see :mod:`mmcnx2.datasets.shards.split`), and a buffer in every worker shuffles
    encoded images before they are decoded. The order follows from the seed, the epoch and the
    number of processes and workers, what transforms draw from the seed, the epoch and the image.
    Files that cannot be decoded are counted, named once, and the next image is used twice.

    The data loader has ``sampler=None``, and the config ``custom_hooks = [dict(
    type='mmcnx2.ShardEpochHook')]``: it tells the data set of each epoch, and where in it a resumed
    run goes on.

    Args:
        data_root: Folder with ``index.json`` and the shards, or the address of one.
        pipeline: Transforms; the first one, ``mmcnx2.LoadEncodedImage``, gets ``img_bytes``,
            ``img_path`` (the file that the image came from), ``sample_idx`` and, if there are
            classes, ``gt_label``.
        index: The index, or its path, where it does not lie beside the shards.
        shuffle_buffer: Encoded images that a worker keeps to draw from; 1 turns shuffling within
            shards off. 1000 images of 110 KB are 110 MB a worker.
        max_unreadable: More than this share of unreadable images stops the run, as in
            :class:`mmcnx2.datasets.ImageFolderUnlabelled`.

    Raises:
        FileNotFoundError: If there is no index.
        ValueError: If the index, ``shuffle_buffer`` or ``max_unreadable`` is not valid, or
            ``data_root`` is empty.
    """

    @check_types
    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence[dict | Callable] = (),
        *,
        index: str | os.PathLike | ShardIndex | None = None,
        shuffle_buffer: int = 1000,
        max_unreadable: float = 1.0,
    ):
        if shuffle_buffer < 1:
            raise ValueError(
                f'shuffle_buffer={shuffle_buffer}, but 1 (no shuffling within shards) or more '
                'images were expected.'
            )
        check_not_empty(data_root=data_root)
        check_max_unreadable(max_unreadable)
        self.data_root = expand_home(os.fspath(data_root))
        if not isinstance(index, ShardIndex):
            index = read_index(self.data_root, index and expand_home(os.fspath(index)))
        self.index = index
        self.shuffle_buffer = shuffle_buffer
        self.pipeline = Compose(list(pipeline))
        self.rank, self.world_size = get_dist_info()
        self._unreadable = UnreadableImages(self.index.images, max_unreadable)
        # Shared memory: persistent workers see the next epoch, too.
        self._epoch = torch.full((5,), -1, dtype=torch.int64).share_memory_()

    @property
    def metainfo(self) -> dict:
        """``classes``, the names in the order of the labels."""
        return dict(classes=tuple(self.index.classes))

    @property
    def unreadable(self) -> list[int]:
        """Numbers (``sample_idx``) of the images that could not be read so far."""
        return self._unreadable.indices

    def __len__(self) -> int:
        """Return the images of a rank, the larger number if ranks differ by one."""
        return -(-self.index.images // self.world_size)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield path and contents of every image, in the order of the shards."""
        for shard in self.index.shards:
            for sample in read_shard(join(self.data_root, shard.name), start=0, stop=shard.images):
                data = to_pipeline(sample, 0, labelled=False)
                yield data['img_path'], data['img_bytes']

    def start_epoch(
        self, epoch: int, *, seed: int, batch_size: int, drop_last: bool, batches_done: int = 0
    ) -> None:
        """Say what the next iteration of the data loader goes through.

        Args:
            epoch: From 0.
            seed: The same in all processes.
            batch_size: The data loader's.
            drop_last: The data loader's.
            batches_done: Batches of this epoch to pass over: their images are read but not decoded.
        """
        self._epoch.copy_(torch.tensor([epoch, seed, batch_size, drop_last, batches_done]))

    def __iter__(self) -> Iterator[dict]:
        """Yield the images of the calling worker.

        Raises:
            RuntimeError: If no epoch was started, or none of the worker's images can be read.
            OSError: If a shard cannot be read.
        """
        epoch, seed, batch_size, drop_last, done = self._epoch.tolist()
        if epoch < 0:
            raise RuntimeError(
                'ImageShards was not told which epoch to read: add custom_hooks = [dict(type='
                "'mmcnx2.ShardEpochHook')] to the config, or call start_epoch() before iterating."
            )
        info = get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        # The loader begins with its first worker, which stands in for the one whose turn it is.
        worker = (worker + done) % workers
        order = list(range(len(self.index.shards)))
        random.Random(f'{seed} {epoch}').shuffle(order)
        batches = dict(batch_size=batch_size, drop_last=bool(drop_last))
        images = images_of_worker(
            images_of_rank(
                self.index.images, rank=self.rank, world_size=self.world_size, **batches
            ),
            worker=worker, num_workers=workers, **batches,
        )  # fmt: skip
        samples = self._read(images, order)
        if self.shuffle_buffer > 1:
            rng = random.Random(f'{seed} {epoch} {self.rank} {worker}')
            samples = webdataset.shuffle(self.shuffle_buffer, rng=rng)(samples)
        passed = batch_size * len(range(worker, done, workers))
        yield from self._process(islice(samples, passed, None), (seed, epoch))

    def _read(self, images: range, order: list[int]) -> Iterator[dict]:
        """Yield encoded images at positions of an epoch whose shards come in an order."""
        shards, labelled = self.index.shards, bool(self.index.classes)
        offsets = [0]
        for shard in shards:
            offsets.append(offsets[-1] + shard.images)
        for position, start, stop in cut_at_shards(images, [shards[i].images for i in order]):
            number = order[position]
            location = join(self.data_root, shards[number].name)
            for i, sample in enumerate(read_shard(location, start=start, stop=stop), start):
                yield to_pipeline(sample, offsets[number] + i, labelled=labelled)

    def _process(self, samples: Iterator[dict], numbers: tuple[int, ...]) -> Iterator[dict]:
        """Yield each image after the pipeline; a good one once more for each bad one before it.

        Args:
            samples: Encoded images.
            numbers: What transforms draw from, together with the image's own.
        """
        owed, good = 0, None
        for sample in samples:
            data = self._load(sample, numbers)
            if data is None:
                owed += 1
                continue
            good = sample
            yield data
            for again in range(owed):
                yield self._load(good, (*numbers, again))
            owed = 0
        if owed and good is None:
            raise RuntimeError(
                f"none of the {owed} images of a worker below '{self.data_root}' could be read: "
                'see the warnings above for names and reasons.'
            )
        for again in range(owed):
            yield self._load(good, (*numbers, again))

    def _load(self, sample: dict, numbers: tuple[int, ...]) -> dict | None:
        """Return an image after the pipeline, or None if it cannot be read."""
        self._unreadable.count_try()
        with drawing_from(sample['sample_idx'], *numbers):
            data, reason = run_transforms(self.pipeline.transforms, dict(sample))
        if reason:
            self._unreadable.add(sample['sample_idx'], sample['img_path'], reason)
        return data
