"""The images below a folder, and what else lies there: nothing is left out in silence."""

import logging
import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from mmengine.logging import print_log

from mmcnx2.datasets.addresses import is_address, list_address
from mmcnx2.datasets.image_file import KINDS
from mmcnx2.datasets.readers import READERS
from mmcnx2.first_few import first_few
from mmcnx2.paths import printable

_SHOWN = 10  # endings


@dataclass
class Listing:
    """What lies below a folder.

    Attributes:
        root: The folder.
        images: Paths below it, in the order of their parts.
        left_out: Number of other files by ending, lower case, '' for none.
        special: Files of an image's name that are none, such as a pipe, and what they are.
        hidden: Number of files and folders whose names begin with a dot.
        unlisted: Folders that cannot be listed, and why.
    """

    root: str
    images: list[str] = field(default_factory=list)
    left_out: Counter = field(default_factory=Counter)
    special: dict[str, str] = field(default_factory=dict)
    hidden: int = 0
    unlisted: dict[str, str] = field(default_factory=dict)

    @property
    def mendable(self) -> bool:
        """Whether something is left out that is likely meant to be read."""
        return bool(self.unlisted or self.special or self._without_package())

    def describe(self) -> str:
        """Return a sentence of what was found, what was left out, and why."""
        endings = _counts(Counter(_ending(image) for image in self.images))
        images = 'image' if len(self.images) == 1 else 'images'
        kinds = f' ({endings})' if endings else ''
        found = f"Found {len(self.images)} {images} below '{self.root}'{kinds}"
        return printable(f'{found}{self.describe_left_out()}.')

    def describe_left_out(self) -> str:
        """Return the end of a sentence: '; left out: ' and what was, and why, or nothing."""
        parts = [_counts(self.left_out)] if self.left_out else []
        if missing := self._without_package():
            parts[0] += f' ({", ".join(missing)})'
        if self.hidden:
            parts.append(f'{self.hidden} hidden')
        if self.special:
            parts.append(f'{len(self.special)} that are no regular files: {_named(self.special)}')
        if self.unlisted:
            folders = _named(self.unlisted)
            parts.append(f'{len(self.unlisted)} folders that cannot be listed: {folders}')
        return printable(f'; left out: {"; ".join(parts)}') if parts else ''

    def _without_package(self) -> list[str]:
        """Say of each format that is here, but not its library, how it would be read."""
        return [
            f'{reader.formats[0]} is read after pip install {reader.install}'
            for reader in READERS
            if not reader.installed and any(self.left_out[ending] for ending in reader.endings)
        ]


def list_images(root: str, extensions: Sequence[str]) -> Listing:
    """Look through a folder and everything below it.

    Names that begin with a dot are left out. Links to folders are followed, and each real folder is
    entered once. A link to nothing counts as a file, which reading it will name.

    Args:
        root: The folder, or its address.
        extensions: Endings of images, in lower case.

    Raises:
        AddressError: The address cannot be listed.
    """
    listing = Listing(root)
    extensions = tuple(extensions)
    files = _at_address(root, listing) if is_address(root) else _walk(root, '', set(), listing)
    for path, kind in files:
        name = os.path.basename(path)
        if not name.lower().endswith(extensions):
            listing.left_out[_ending(name)] += 1
        elif kind:
            listing.special[path] = kind
        else:
            listing.images.append(path)
    return listing


def list_files(root: str) -> Iterator[str]:
    """Yield the files below a folder, relative to it, whatever their names end in.

    What is no regular file is left out, besides what :func:`list_images` leaves out. A folder that
    cannot be listed is named in a warning.

    Args:
        root: The folder.
    """
    listing = Listing(root)
    yield from (path for path, kind in _walk(root, '', set(), listing) if not kind)
    if listing.unlisted:
        print_log(
            printable(
                f"Cannot list {_named(listing.unlisted)} below '{root}': what is in there is left "
                'out.'
            ),
            logger='current',
            level=logging.WARNING,
        )


def _walk(
    root: str, below: str, entered: set[str], listing: Listing
) -> Iterator[tuple[str, str | None]]:
    """Yield the files below a folder, relative to the root, and what a special one is.

    In the order of their parts: sorted in each folder, and folders entered where they stand.
    """
    folder = os.path.join(root, below)
    real = os.path.realpath(folder)
    if real in entered:
        return  # links may lead back up
    entered.add(real)
    try:
        with os.scandir(folder) as entries:
            # Sorted, so that of two links to one folder the same one is entered on every machine.
            entries = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        listing.unlisted[below or os.curdir] = error.strerror or str(error)
        return
    for entry in entries:
        path = os.path.join(below, entry.name)
        if entry.name.startswith('.'):
            listing.hidden += 1
        elif _is(entry.is_dir):
            yield from _walk(root, path, entered, listing)
        else:
            yield path, None if _is(entry.is_file) else _kind(entry)


def _at_address(root: str, listing: Listing) -> Iterator[tuple[str, None]]:
    """Yield the files below an address as :func:`_walk` does those below a folder."""
    for name in list_address(root):
        if any(part.startswith('.') for part in name.split('/')):
            listing.hidden += 1
        else:
            yield name, None


def _is(question) -> bool:
    try:
        return question()
    except OSError:  # such as a link to itself
        return False


def _kind(entry: os.DirEntry) -> str | None:
    """Return what a special file is, or None where that cannot be told, as of a link to nothing."""
    try:
        return KINDS.get(stat.S_IFMT(entry.stat().st_mode))
    except OSError:
        return None


def _ending(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _counts(endings: Counter) -> str:
    """Name the most frequent endings, and in one number the others."""
    ranked = sorted(endings.items(), key=lambda item: (-item[1], item[0]))
    shown = [f'{count} {ending or "without ending"}' for ending, count in ranked[:_SHOWN]]
    others = sum(count for _, count in ranked[_SHOWN:])
    return ', '.join(shown + ([f'{others} others'] if others else []))


def _named(reasons: dict[str, str]) -> str:
    return first_few([f"'{path}' ({reason})" for path, reason in reasons.items()])
