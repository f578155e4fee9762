"""Images of a tar shard, on this machine or at an http(s) address, without unpacking anything."""

import logging
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from urllib.parse import urlparse

from mmengine.logging import print_log
from webdataset.gopen import gopen
from webdataset.tariterators import group_by_keys, tar_file_expander

from mmcnx2.datasets.shards.index import INDEX_FILE, ShardIndex

ATTEMPTS = 3


def read_index(root: str) -> ShardIndex:
    """Read the index of a folder of shards.

    Args:
        root: Folder, or http(s) address of one.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is no such file, or the address is of another kind.
    """
    path = join(root, INDEX_FILE)
    try:
        with closing(open_location(path)) as file:
            text = file.read()
    except OSError as error:
        raise FileNotFoundError(
            f"'{path}' cannot be read ({error}): make shards there with "
            'tools/dataset_tools/make_shards.py, or point data_root at the folder that has them.'
        ) from None
    return ShardIndex.from_json(text, source=path)


def join(root: str, name: str) -> str:
    """Return the location of a file in a folder or below an address."""
    return f'{root.rstrip("/")}/{name}' if is_url(root) else os.path.join(root, name)


def is_url(location: str) -> bool:
    """Return whether a location is an address, as against a path on this machine."""
    return '://' in location or location.startswith('pipe:')


def open_location(location: str):
    """Open a file for reading, as bytes from start to end.

    Args:
        location: Path, or http(s) address; those are read by ``curl``, as webdataset does.

    Raises:
        ValueError: If it is an address of another kind.
        OSError: If it cannot be read, or ``curl`` is missing.
    """
    if not is_url(location):
        return open(location, 'rb')
    if urlparse(location).scheme not in ('http', 'https'):
        raise ValueError(
            f"'{location}' is neither a path nor an http(s) address: mount other stores as a "
            'folder, or serve them over http.'
        )
    if not shutil.which('curl'):
        raise OSError(f"reading '{location}' needs the program curl: install it.")
    return gopen(location)


def read_shard(location: str, *, start: int, stop: int) -> Iterator[dict]:
    """Yield images of a shard in their order.

    Members are read from the stream one by one into memory; links, folders and devices in the
    archive are passed over, and names in it are only labels: nothing is ever written. A stream that
    breaks is opened again, and read on from the image where it broke.

    Args:
        location: Path or http(s) address of the tar file.
        start: First image.
        stop: Image to stop before.

    Yields:
        webdataset's samples: ``__key__``, ``__url__``, and bytes by file name extension.

    Raises:
        OSError: If the shard cannot be read, or ends before ``stop``.
    """
    attempt = 1
    while start < stop:
        try:
            with closing(open_location(location)) as stream:
                files = tar_file_expander([dict(url=location, stream=stream)])
                for sample in islice(group_by_keys(files), start, stop):
                    yield sample
                    start += 1
            if start < stop:
                raise OSError(f'it ends after image {start}')
        except (OSError, EOFError, tarfile.TarError) as error:
            # webdataset appends the stream to the error's arguments.
            reason = getattr(error, 'strerror', None) or (error.args or (error,))[0]
            if attempt == ATTEMPTS:
                raise OSError(
                    f"shard '{location}' cannot be read from image {start} to {stop} ({reason}): "
                    'check it with tools/dataset_tools/make_shards.py --verify.'
                ) from error
            attempt += 1
            print_log(
                f"Reading '{location}' broke at image {start} ({reason}): attempt {attempt} of "
                f'{ATTEMPTS}.',
                logger='current',
                level=logging.WARNING,
            )
