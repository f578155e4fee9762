"""Shards to pre-train on: packed ones, and tar files that others made."""

import os
from itertools import islice

from mmcnx2.datasets.addresses import is_address, list_address
from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.datasets.shards import ImageShards
from mmcnx2.datasets.shards.index import ShardIndex, list_tars
from mmcnx2.datasets.shards.indexing import count_tars, index_tars
from mmcnx2.datasets.shards.stream import has_index

_LOOKED_AT = 64  # images whose sizes are read


def are_shards(word: str) -> bool:
    """Whether a word names shards: a folder, or the address of one, of tar files and no images.

    Raises:
        AddressError: The address cannot be read.
    """
    if not os.path.isdir(word) and (not is_address(word) or ',' in word or '*' in word):
        return False
    if has_index(word):
        return True
    names = list_address(word, below=False) if is_address(word) else os.listdir(word)
    images = any(name.lower().endswith(readable_endings()) for name in names)
    return not images and bool(list_tars(word))


def look_at_shards(location: str) -> tuple[int, list[int], ShardIndex | None]:
    """Count the images of shards and read the short sides of a few, in pixels.

    Tar files without an index are read once; ``index.json`` is kept beside them, or where that
    cannot be in the user's cache.

    Returns:
        Their number, the sides, and the index where it does not lie beside the shards.

    Raises:
        OSError: A shard cannot be read.
        ValueError: See :func:`.indexing.count_tars`.
    """
    apart, left_out = None, None
    if not has_index(location):
        if os.access(location, os.W_OK):
            _, left_out = index_tars(location)
        else:
            apart, left_out = count_tars(location)
    if left_out and (said := str(left_out)):
        print(f'Left out: {said}.', flush=True)
    shards = ImageShards(location, index=apart)
    count = shards.index.images
    print(f"Found {count} images in {len(shards.index.shards)} shards of '{location}'.", flush=True)
    sides = []
    for _, data in islice(shards.files(), _LOOKED_AT):
        try:
            sides.append(min(EncodedImage(data).shape))
        except UnreadableImageError:
            continue  # named in training
    return count, sides or [224], apart
