"""Images of a tar shard, on this machine or at an address, without unpacking anything."""

import logging
import os
import tarfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import BinaryIO

from mmengine.logging import print_log
from webdataset.tariterators import group_by_keys

from mmcnx2.datasets.addresses import (
    AddressError,
    is_address,
    join,
    open_address,
    read_address,
    waits,
)
from mmcnx2.datasets.image_limits import MAX_BYTES, UnreadableImageError
from mmcnx2.datasets.shards.index import INDEX_FILE, ShardIndex, list_tars
from mmcnx2.datasets.shards.samples import image_keys
from mmcnx2.paths import printable

_AGAIN = (0.0, 0.0)  # seconds before each further attempt to read a file of this machine


class ShardError(OSError):
    """A shard cannot be read, or not to where its index says."""


def read_index(root: str, file: str | None = None) -> ShardIndex:
    """Read the index of a folder of shards.

    Args:
        root: Folder, or address of one.
        file: The index, where it does not lie beside the shards.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If it is no such file, or the address is of another kind.
    """
    path = file or join(root, INDEX_FILE)
    try:
        if is_address(path):
            text = read_address(path, max_bytes=MAX_BYTES)
        else:
            with open(path, 'rb') as stream:
                text = stream.read()
    except (OSError, UnreadableImageError) as error:
        raise FileNotFoundError(
            f"'{path}' cannot be read ({describe(error)}): {_what_to_do(root)}"
        ) from None
    return ShardIndex.from_json(text, source=path)


def _what_to_do(root: str) -> str:
    """Say how a folder of shards gets its index."""
    tool = 'tools/dataset_tools/make_shards.py'
    if not is_address(root) and (tars := list_tars(root)):
        return f"index the {len(tars)} tar files there with {tool} --index '{root}'."
    return f'make shards there with {tool}, or point data_root at the folder that has them.'


def has_index(root: str) -> bool:
    """Return whether a folder of shards, or an address of one, has an index.

    Raises:
        AddressError: The address does not answer.
    """
    if not is_address(root):
        return os.path.isfile(join(root, INDEX_FILE))
    try:
        read_address(join(root, INDEX_FILE), max_bytes=MAX_BYTES)
    except UnreadableImageError:
        return False
    return True


def describe(error: Exception) -> str:
    """Say what went wrong when a location was read."""
    if isinstance(error, AddressError):
        return error.reason
    # webdataset appends the stream to the error's arguments.
    return getattr(error, 'strerror', None) or str((error.args or (error,))[0]).rstrip('.')


def open_location(location: str):
    """Open a file for reading, as bytes from start to end.

    Args:
        location: Path or address.

    Raises:
        ValueError: If it is an address of another kind.
        OSError: If it cannot be read.
    """
    return open_address(location) if is_address(location) else open(location, 'rb')


def read_shard(
    location: str, *, start: int, stop: int, max_bytes: int = MAX_BYTES
) -> Iterator[dict]:
    """Yield the samples of a shard that have an image, in their order.

    Members are read from the stream one by one into memory; links, folders and devices in the
    archive are passed over, and names in it are only labels: nothing is ever written. A stream that
    breaks is opened again, and read on from the image where it broke.

    Args:
        location: Path or address of the tar file.
        start: First image.
        stop: Image to stop before.
        max_bytes: A larger member is named in a warning and is empty.

    Yields:
        webdataset's samples: ``__key__``, ``__url__``, and bytes by file name extension.

    Raises:
        ShardError: If the shard cannot be read, or ends before ``stop``.
    """
    pauses, reached = None, start
    while start < stop:
        try:
            with closing(open_location(location)) as stream:
                samples = read_samples(stream, location, max_bytes=max_bytes)
                for sample in islice(filter(image_keys, samples), start, stop):
                    yield sample
                    start += 1
            if start < stop:
                raise OSError(f'it ends after image {start}')
        except (OSError, EOFError, tarfile.TarError) as error:
            if pauses is None or start > reached:
                pauses, reached = iter(waits() if is_address(location) else _AGAIN), start
            _wait(next(pauses, None), error, location, start, stop)


def _wait(pause: float | None, error: Exception, location: str, start: int, stop: int) -> None:
    """Wait before a shard is read on, or say that there is no use in it."""
    reason = describe(error)
    if pause is None or (isinstance(error, AddressError) and not error.passing):
        raise ShardError(
            f"shard '{location}' cannot be read from image {start} to {stop} ({reason}): "
            'check it with tools/dataset_tools/make_shards.py --verify.'
        ) from error
    print_log(
        f"Reading '{location}' broke at image {start} ({reason}): trying again in {pause:g} s.",
        logger='current',
        level=logging.WARNING,
    )
    time.sleep(pause)


class _Member(tarfile.TarInfo):
    """A member of an archive, whose name takes no more memory than a name may."""

    _NAMES = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
              tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)  # fmt: skip
    _MOST = 2**20

    @classmethod
    def frombuf(cls, buf: bytes, encoding: str, errors: str) -> '_Member':
        member = super().frombuf(buf, encoding, errors)
        if member.type in cls._NAMES and member.size > cls._MOST:
            raise tarfile.ReadError(
                f"a member's name and attributes take {member.size} bytes, more than {cls._MOST}"
            )
        return member


def read_samples(stream: BinaryIO, location: str, *, max_bytes: int = MAX_BYTES) -> Iterator[dict]:
    """Yield all samples of an archive, also those without an image.

    Args:
        stream: The archive, from its start.
        location: What warnings and samples say of it.
        max_bytes: A larger member is named in a warning and is empty.

    Raises:
        tarfile.TarError: If it is none, or broken.
        ValueError: If a sample has two files of one name.
    """
    yield from group_by_keys(_files(stream, location, max_bytes))


def _files(stream: BinaryIO, location: str, max_bytes: int) -> Iterator[dict]:
    """Yield the regular files of an archive as webdataset does, an empty dict at the end.

    Unlike webdataset's own iterator it takes no compressed archives, which grow without bounds.
    """
    with tarfile.open(fileobj=stream, mode='r|', tarinfo=_Member) as archive:
        for member in archive:
            archive.members = []  # tarfile would keep all of them
            if not member.isreg():
                continue
            data = b''
            if member.size <= max_bytes:
                data = archive.extractfile(member).read()
            else:
                print_log(
                    printable(
                        f"'{member.name}' in '{location}' has {member.size} bytes, more than "
                        f'{max_bytes}: it is not read.'
                    ),
                    logger='current',
                    level=logging.WARNING,
                )
            yield dict(fname=member.name, data=data, __url__=location)
    yield {}
