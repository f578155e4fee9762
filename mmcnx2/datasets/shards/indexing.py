"""An index for tar files that others made, such as img2dataset's: read once, left as they are."""

import contextlib
import hashlib
import tarfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tqdm import tqdm

from mmcnx2.checks import check_no_address, check_not_empty
from mmcnx2.datasets.addresses import describe_file, join
from mmcnx2.datasets.shards.index import INDEX_FILE, Shard, ShardIndex, is_shard_name, list_tars
from mmcnx2.datasets.shards.pool import run_jobs
from mmcnx2.datasets.shards.samples import image_keys
from mmcnx2.datasets.shards.stream import describe, open_location, read_index, read_samples
from mmcnx2.datasets.user_cache import user_cache
from mmcnx2.first_few import first_few
from mmcnx2.outputs import check_file, write_text
from mmcnx2.paths import expand_home

_END = 2 * tarfile.BLOCKSIZE  # of zeros


@dataclass
class LeftOut:
    """What lies in the tar files and will not be read.

    Attributes:
        endings: Of samples without an image: those of their files, and in how many samples.
        imageless: Number of these samples.
        further: Number of images beside the first one of a sample.
        empty: Tar files without any image.
        endless: Tar files, read all the same, that lack the mark of an end and may be cut off.
    """

    endings: Counter = field(default_factory=Counter)
    imageless: int = 0
    further: int = 0
    empty: list[str] = field(default_factory=list)
    endless: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        parts = []
        if self.imageless:
            shown = ', '.join(ending for ending, _ in self.endings.most_common(5))
            parts.append(f'{self.imageless} samples without an image ({shown})')
        if self.further:
            parts.append(f'{self.further} further images of samples that hold several')
        if self.empty:
            parts.append(f'{len(self.empty)} tar files without an image ({first_few(self.empty)})')
        if self.endless:
            parts.append(
                f'whatever {len(self.endless)} tar files would hold behind their ends, which lack '
                f'the mark of one: they may be cut off ({first_few(self.endless)})'
            )
        return '; '.join(parts)


def index_tars(
    root: str | Path, *, workers: int = 1, progress: bool = True
) -> tuple[ShardIndex, LeftOut]:
    """Read all tar files in a folder and write ``index.json`` beside them.

    Args:
        root: The folder.
        workers, progress: As of :func:`count_tars`.

    Returns:
        The index, and what was left out.

    Raises:
        FileExistsError: If :func:`.pack.pack` made the shards there, which have an index.
        FileNotFoundError, ValueError: See :func:`count_tars`.
        OSError: If the folder cannot be written to.
    """
    check_not_empty(root=root)
    check_no_address(root=root)
    root = Path(expand_home(str(root)))
    names = _find(str(root))
    if (root / INDEX_FILE).exists() and read_index(str(root)).plan:
        raise FileExistsError(
            f"'{root}' has the index that packing made: check its shards with --verify."
        )
    check_file(root / INDEX_FILE)
    index, left_out = _count(str(root), names, workers, progress)
    write_text(root / INDEX_FILE, index.to_json())
    return index, left_out


def count_tars(
    root: str, *, workers: int = 1, progress: bool = True
) -> tuple[ShardIndex, LeftOut | None]:
    """Read all tar files in a folder that has no index, and keep one in the user's cache.

    Images are counted, not decoded: training replaces and names those that are damaged. It is done
    once, as long as names, sizes and times of the files stay as they are.

    Args:
        root: A folder, or its address.
        workers: Processes.
        progress: Whether to show a progress bar.

    Returns:
        The index, and what was left out, None where that was said before.

    Raises:
        AddressError: If the address cannot be read.
        FileNotFoundError: If there is no tar file.
        ValueError: If tar files have names that no index may hold, cannot be read to their ends, or
            hold no image.
    """
    names = _find(root)
    known = f'{root}\n{[describe_file(join(root, name)) for name in names]}'
    digest = hashlib.sha256(known.encode(errors='surrogateescape')).hexdigest()[:32]
    kept = user_cache('shards') / f'{digest}.json'
    if kept.is_file():
        return read_index(root, str(kept)), None
    index, left_out = _count(root, names, workers, progress)
    with contextlib.suppress(OSError):  # it is counted again, then
        write_text(kept, index.to_json())
    return index, left_out


def _find(root: str) -> list[str]:
    names = list_tars(root)
    if not names:
        raise FileNotFoundError(
            f"'{root}' holds no file that ends in .tar: give the folder that has them, and unpack "
            'compressed ones (.tar.gz) with gunzip first.'
        )
    _check_names(root, names)
    return names


def _count(root: str, names: list[str], workers: int, progress: bool) -> tuple[ShardIndex, LeftOut]:
    found = {}
    with tqdm(total=len(names), desc='Indexing shards', unit='shard', disable=not progress) as bar:
        for job, contents in run_jobs(_look, [(root, name) for name in names], workers):
            found[job[1]] = contents
            bar.update()
    problems = [f'{name}: {found[name]}' for name in names if isinstance(found[name], str)]
    if problems:
        raise ValueError(
            f"{len(problems)} of {len(names)} tar files in '{root}' cannot be read to their ends "
            f'({first_few(problems)}): write them again, or move them elsewhere.'
        )
    shards, left_out = [], LeftOut()
    for name in names:
        shard, theirs = found[name]
        left_out.endings += theirs.endings
        left_out.imageless += theirs.imageless
        left_out.further += theirs.further
        left_out.empty += theirs.empty
        left_out.endless += theirs.endless
        shards += [shard] if shard else []
    if not shards:
        raise ValueError(f"none of the {len(names)} tar files in '{root}' holds an image.")
    return ShardIndex(shards), left_out


def _check_names(root: str, names: list[str]) -> None:
    if refused := [name for name in names if not is_shard_name(name)]:
        raise ValueError(
            f"{len(refused)} tar files in '{root}' have names with other signs than letters, "
            f'numbers, dots, hyphens and underscores ({first_few(refused)}): rename them.'
        )


def _look(place: tuple[str, str]) -> tuple[Shard | None, LeftOut] | str:
    """Return a tar file's entry in the index, if it holds an image, and what is left out of it.

    Where it cannot be read, why.
    """
    root, name = place
    left_out, images = LeftOut(), 0
    try:
        with open_location(join(root, name)) as file:
            stream = _Digested(file)
            for sample in read_samples(stream, join(root, name)):
                count = len(image_keys(sample))
                if not count:
                    left_out.imageless += 1
                    left_out.endings.update(key for key in sample if key[:2] != '__')
                images += bool(count)
                left_out.further += max(count - 1, 0)
            while stream.read(2**20):  # what fills the last block
                pass
    except (OSError, EOFError, ValueError, tarfile.TarError) as error:
        return describe(error)
    if stream.bytes % tarfile.BLOCKSIZE:
        return f'it is cut off after {stream.bytes} bytes'
    if stream.end.strip(b'\0'):
        left_out.endless.append(name)
    if not images:
        left_out.empty.append(name)
        return None, left_out
    return Shard(name, images, stream.bytes, stream.digest.hexdigest()), left_out


class _Digested:
    """A file read from start to end, and the checksum of what was read.

    Attributes:
        bytes: How many were read.
        digest: Their SHA-256.
        end: The last of them, as many as mark the end of a tar file.
    """

    def __init__(self, file: BinaryIO):
        self._file = file
        self.bytes = 0
        self.digest = hashlib.sha256()
        self.end = b''

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, at most ``size``."""
        data = self._file.read(size)
        self.bytes += len(data)
        self.digest.update(data)
        self.end = (self.end + data[-_END:])[-_END:]
        return data
