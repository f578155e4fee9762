"""Whether a data set is the one that it was: how many images it has, and under which names."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from mmengine.dataset import BaseDataset

from mmcnx2.datasets.folder import ImageFolderUnlabelled

_AT_ONCE = 10_000


def digest_names(dataset: Any) -> str | None:
    """Return a digest of the names of a data set's images in its order.

    A folder that was moved as a whole has the same.

    Args:
        dataset: One of mmengine's kind, of :class:`mmcnx2.datasets.ImageShards`, or a wrapper that
            has such as ``dataset`` or ``datasets``.

    Returns:
        16 hexadecimal digits, None for data sets whose images have no names.
    """
    digest = hashlib.blake2b(digest_size=8)
    if isinstance(dataset, ImageFolderUnlabelled):
        digest.update(dataset.encoded_names())
        return digest.hexdigest()
    names = iter(_names(dataset))
    first = next(names, None)
    if first is None:
        return None
    names = chain([first], names)
    while some := list(islice(names, _AT_ONCE)):
        digest.update(os.fsencode('\n'.join(some) + '\n'))
    return digest.hexdigest()


def count_images(dataset: Any) -> int:
    """Return the images of a data set in all processes together, 0 if it has no length."""
    if images := getattr(getattr(dataset, 'index', None), 'images', None):
        return images  # of shards, whose length is a process's
    return len(dataset) if hasattr(dataset, '__len__') else 0


def _names(dataset: Any) -> Iterable[str]:
    if isinstance(dataset, BaseDataset):
        return _names_below(str(dataset.data_root or ''), _infos(dataset))
    if shards := getattr(getattr(dataset, 'index', None), 'shards', None):
        return (f'{shard.name} {shard.images}' for shard in shards)
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    return chain.from_iterable(_names(each) for each in inner if each is not None)


def _names_below(root: str, infos: Iterator[dict]) -> Iterator[str]:
    root = root and os.path.join(root, '')
    for info in infos:
        if (path := info.get('img_path')) is None:
            return
        yield os.fspath(path).removeprefix(root)


def _infos(dataset: BaseDataset) -> Iterator[dict]:
    """Yield what a data set knows of each image."""
    dataset.full_init()
    if not dataset.serialize_data:
        yield from dataset.data_list  # get_data_info would copy all of it
        return
    for index in range(len(dataset)):
        yield dataset.get_data_info(index)
