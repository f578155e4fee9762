"""Checking shards against their index."""

import hashlib
from pathlib import Path

from tqdm import tqdm

from mmcnx2.datasets.shards.index import Shard
from mmcnx2.datasets.shards.stream import read_index, read_shard
from mmcnx2.paths import expand_home


def verify(root: str | Path, *, progress: bool = True) -> list[str]:
    """Read all shards in a folder and compare them with the index.

    Args:
        root: The folder.
        progress: Whether to show a progress bar.

    Returns:
        A sentence for each shard that is missing, has another checksum or other images; none if all
        is well.

    Raises:
        FileNotFoundError: If there is no index.
        ValueError: If it is no such file.
    """
    root = Path(expand_home(str(root)))
    problems = []
    shards = read_index(str(root)).shards
    for shard in tqdm(shards, desc='Verifying shards', unit='shard', disable=not progress):
        if problem := find_problem(root / shard.name, shard):
            problems.append(f"'{root / shard.name}': {problem}")
    return problems


def find_problem(path: Path, shard: Shard) -> str | None:
    """Return what is wrong with a shard's file, or None.

    Args:
        path: The file.
        shard: What the index says of it.
    """
    if not path.is_file():
        return 'it is missing'
    if path.stat().st_size != shard.bytes:
        return f'it has {path.stat().st_size} bytes, but {shard.bytes} were expected'
    if checksum(path) != shard.sha256:
        return 'its contents have changed: the checksum differs'
    try:
        samples = read_shard(str(path), start=0, stop=shard.images)
        keys = {sample['__key__'] for sample in samples}
    except OSError as error:
        return str(error)
    return None if len(keys) == shard.images else f'{len(keys)} of {shard.images} images'


def checksum(path: Path) -> str:
    """Return a file's SHA-256, hexadecimal."""
    digest = hashlib.sha256()
    with path.open('rb') as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()
