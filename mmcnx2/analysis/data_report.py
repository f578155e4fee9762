"""What a folder of images holds, in words: kinds, sizes, pixels, and files that are twice there."""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

from mmcnx2.checkpoints.integrity import sha256_of
from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.listing import list_images
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.datasets.statistics import look_at_folder
from mmcnx2.first_few import first_few

_STRIDE = 32


def describe_folder(root: str) -> list[str]:
    """Look at every file of a folder, and say what there is and what training makes of it.

    Args:
        root: The folder.

    Returns:
        Lines.

    Raises:
        FileNotFoundError: There is no such folder, or no image in it.
        ValueError: Images differ in dtype or channels, or none can be read.
    """
    listing = list_images(root, readable_endings())
    found = look_at_folder(root)
    paths = [os.path.join(root, image) for image in listing.images]
    sizes, unreadable = _sizes(paths)
    lines = [listing.describe(), *_describe_sizes(sizes)]
    if unreadable:
        lines.append(f'{len(unreadable)} cannot be read: {first_few(unreadable)}.')
    copies = find_copies(paths)
    if copies:
        groups = first_few(
            [' = '.join(os.path.relpath(p, root) for p in group) for group in copies]
        )
        extra = sum(len(group) - 1 for group in copies)
        lines.append(f'{extra} are copies of another, byte by byte: {groups}.')
    lines += found.describe().splitlines()
    if found.is_rgb:
        lines.append("In training: ImageNet's mean and deviation, which 8-bit color pictures take.")
    else:
        lines.append(
            'In training: the mean and deviation above, and no transform that changes colors of 8 '
            'bits.'
        )
    return lines


def find_copies(paths: Iterable[str]) -> list[list[str]]:
    """Return the groups of files that hold the same bytes; those of one size alone are read."""
    by_size = defaultdict(list)
    for path in paths:
        if os.path.isfile(path):
            by_size[os.path.getsize(path)].append(path)
    by_digest = defaultdict(list)
    for group in by_size.values():
        for path in group if len(group) > 1 else ():
            by_digest[sha256_of(path)].append(path)
    return [group for group in by_digest.values() if len(group) > 1]


def _sizes(paths: Sequence[str]) -> tuple[list[tuple[int, int]], list[str]]:
    """Return heights and widths by the headers, and the files that have none that can be read."""
    sizes, unreadable = [], []
    for path in paths:
        try:
            sizes.append(EncodedImage(read_image_file(path)).shape)
        except (OSError, UnreadableImageError) as error:
            unreadable.append(f"'{path}' ({error})")
    return sizes, unreadable


def _describe_sizes(sizes: Sequence[tuple[int, int]]) -> list[str]:
    if not sizes:
        return []
    short = sorted(min(size) for size in sizes)
    lines = [f'Short sides: {short[0]} to {short[-1]} px, half of them up to {median(short):g} px.']
    if tiny := sum(side < _STRIDE for side in short):
        lines.append(
            f'{tiny} are below {_STRIDE} px, the stride of the network: they are enlarged.'
        )
    return lines
