"""Small sets of shards."""

import json
from pathlib import Path

from mmcnx2.datasets.shards.pack import PackSettings, pack
from tests.support.pictures import encode, photograph


def write_images(root: Path, count: int, *, size: int = 24) -> list[str]:
    """Write JPEGs ``<class>/<number>.jpg`` in two classes; returns their sorted relative paths."""
    names = [f'{"ab"[i % 2]}/{i:03d}.jpg' for i in range(count)]
    for i, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(encode(photograph(size, size, seed=i), 'JPEG'))
    return sorted(names)


def make_shards(root: Path, count: int, *, per_shard: int = 5, size: int = 24, **settings) -> Path:
    """Write images below ``root / 'images'`` and pack them into ``root / 'shards'``."""
    write_images(root / 'images', count, size=size)
    settings = PackSettings(images_per_shard=per_shard, **settings)
    pack(root / 'images', root / 'shards', settings, progress=False)
    return root / 'shards'


def spoil(shards: Path, old: bytes, new: bytes) -> None:
    """Replace bytes of the same length in all shards, their checksums left as they are."""
    assert len(old) == len(new)
    for shard in json.loads((shards / 'index.json').read_text())['shards']:
        path = shards / shard['name']
        path.write_bytes(path.read_bytes().replace(old, new))
