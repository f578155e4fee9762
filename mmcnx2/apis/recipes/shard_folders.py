"""Shards to pre-train on: packed ones, and tar files that others made."""

import os
from itertools import islice

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.datasets.shards import ImageShards
from mmcnx2.datasets.shards.index import INDEX_FILE, list_tars
from mmcnx2.datasets.shards.indexing import index_tars

_LOOKED_AT = 64  # images whose sizes are read


def are_shards(word: str) -> bool:
    """Whether a word names shards: an http(s) address, or a folder of tar files and no images."""
    if word.startswith(('http://', 'https://')):
        return True
    if not os.path.isdir(word):
        return False
    if os.path.isfile(os.path.join(word, INDEX_FILE)):
        return True
    endings = readable_endings()
    images = any(name.lower().endswith(endings) for name in os.listdir(word))
    return not images and bool(list_tars(word))


def look_at_shards(location: str) -> tuple[int, list[int]]:
    """Count the images of shards and read the short sides of a few, in pixels.

    Tar files without an index are read once, and ``index.json`` is kept beside them.

    Raises:
        OSError: There is no index and none can be written, or a shard cannot be read.
        ValueError: See :func:`.indexing.index_tars`.
    """
    local = os.path.isdir(location)
    if local and not os.path.isfile(os.path.join(location, INDEX_FILE)):
        _, left_out = index_tars(location)
        if said := str(left_out):
            print(f'Left out: {said}.', flush=True)
    shards = ImageShards(location)
    count = shards.index.images
    print(f"Found {count} images in {len(shards.index.shards)} shards of '{location}'.", flush=True)
    sides = []
    for _, data in islice(shards.files(), _LOOKED_AT):
        try:
            sides.append(min(EncodedImage(data).shape))
        except UnreadableImageError:
            continue  # named in training
    return count, sides or [224]
