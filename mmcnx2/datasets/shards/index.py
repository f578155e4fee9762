"""The table of contents beside the shards, ``index.json``: their names, sizes and checksums."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from mmcnx2.datasets.addresses import is_address, list_address

INDEX_FILE = 'index.json'
VERSION = 1
# A plain file name: an index from elsewhere must not name a file outside its folder, nor, as
# webdataset would take 'pipe:...', a command to run.
_SHARD_NAME = re.compile(r'\w[\w.-]*\.tar')


def is_shard_name(name: str) -> bool:
    """Return whether an index may name a file so."""
    return _SHARD_NAME.fullmatch(name) is not None


def list_tars(folder: str | os.PathLike) -> list[str]:
    """Return the names of the tar files directly in a folder, sorted; none if it is no folder.

    Args:
        folder: On this machine, or its address.

    Raises:
        AddressError: The address cannot be listed.
    """
    if is_address(os.fspath(folder)):
        names = list_address(os.fspath(folder), below=False)
    elif not os.path.isdir(folder):
        return []
    else:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.is_file()]
    return sorted(name for name in names if name.endswith('.tar') and name[0] != '.')


@dataclass(frozen=True)
class Shard:
    """One tar file.

    Attributes:
        name: Its name in the folder of the index.
        images: How many it holds.
        bytes: Its size.
        sha256: Its checksum, hexadecimal.
    """

    name: str
    images: int
    bytes: int
    sha256: str

    def __post_init__(self):
        if not (isinstance(self.name, str) and is_shard_name(self.name)):
            raise ValueError(
                f'shard name {self.name!r} is no plain file name that ends in .tar: the index was '
                'not made by make_shards.py, do not use it.'
            )
        if not (isinstance(self.images, int) and self.images > 0):
            raise ValueError(
                f"shard '{self.name}' has {self.images!r} images, but a positive number was "
                'expected: make the shards again.'
            )


@dataclass(frozen=True)
class ShardIndex:
    """All shards of a data set.

    Attributes:
        shards: In the order of their names.
        plan: Checksum of what they were packed from; empty where others made them.
        classes: Names of the classes, in the order of the labels; empty if there are no labels.
        left_out: Files that were no images, relative to the source.
    """

    shards: Sequence[Shard]
    plan: str = ''
    classes: Sequence[str] = ()
    left_out: Sequence[str] = field(default=(), repr=False)

    @property
    def images(self) -> int:
        """Number of images in all shards."""
        return sum(shard.images for shard in self.shards)

    def to_json(self) -> str:
        """Return the contents of ``index.json``."""
        return json.dumps(dict(version=VERSION, images=self.images, **asdict(self)), indent=1)

    @classmethod
    def from_json(cls, text: str | bytes, *, source: str) -> 'ShardIndex':
        """Read the contents of ``index.json``.

        Args:
            text: The contents.
            source: Where they come from, for the error.

        Raises:
            ValueError: If this is no such file, or one of another version.
        """
        try:
            content = json.loads(text)
            version = content.pop('version')
            content.pop('images')
            shards = [Shard(**shard) for shard in content.pop('shards')]
            index = cls(shards=shards, **content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"'{source}' is no index of shards ({error}): make one with "
                'tools/dataset_tools/make_shards.py.'
            ) from None
        if version != VERSION or not shards:
            raise ValueError(
                f"'{source}' has version {version!r} and {len(shards)} shards, but version "
                f'{VERSION} and at least one shard were expected: make the shards again.'
            )
        return index
