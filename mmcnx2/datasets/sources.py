"""Where images lie, in a word: folders, patterns, zip archives, lists and tables of paths."""

import glob
import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from mmcnx2.datasets.labels.left_out import LeftOut
from mmcnx2.datasets.labels.table import ENDINGS as TABLES
from mmcnx2.datasets.labels.table import read_paths
from mmcnx2.datasets.listing import list_images
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.datasets.zip_archive import ENDING, list_members
from mmcnx2.first_few import first_few

LIST = '.txt'


@dataclass
class Sources:
    """Images of several places.

    Attributes:
        root: The folder that all lie below.
        names: Paths below it, each once, in the order of the places.
        said: Lines of what was found, and what left out.
    """

    root: str
    names: list[str]
    said: list[str] = field(default_factory=list)


def find_places(word: str) -> list[str]:
    """Return the places that a word names.

    Args:
        word: A path that is there, or several with commas, each of which may be a pattern such as
            ``data/*/images``.

    Raises:
        FileNotFoundError: Nothing is where one of them points.
        ValueError: One is an address.
    """
    if os.path.exists(word):
        return [word]
    places = []
    for each in (part.strip() for part in word.split(',')):
        if '://' in each:
            raise ValueError(
                f"'{each}' is an address, but images are read from folders, and from addresses "
                'only as shards (http, https): mount it as a folder, or download it first.'
            )
        found = [each] if os.path.exists(each) else sorted(glob.glob(each, recursive=True))
        if not each or not found:
            raise FileNotFoundError(
                f"image folder '{each}' does not exist: give one that does, a pattern, or a list "
                '(.txt) or table (.csv, .tsv, .parquet) of paths; several with commas.'
            )
        places += found
    return places


def list_sources(word: str) -> Sources:
    """List the images of the places that a word names; the files are not opened.

    A list has a path a line, a table a column of them; relative ones lie below its folder. What
    they name that is not there is named when it is read.

    Args:
        word: As for :func:`find_places`.

    Raises:
        FileNotFoundError: A place is not there, or no image is in any.
        ImportError: A table needs a library that is not there.
        ValueError: A place is none of these.
    """
    left_out, said, paths = LeftOut(), [], {}
    endings = readable_endings()
    places = find_places(word)
    for place in places:
        count = len(paths)
        for path in _images(place, said):
            if not path.lower().endswith(endings):
                left_out.add('files that are no images by their endings', path)
            elif '\n' in path:
                left_out.add('files with a line break in their names', repr(path))
            elif path in paths:
                left_out.add('images that are named twice', path)
            else:
                paths[path] = None
        if not os.path.isdir(place):
            said.append(f"Found {len(paths) - count} images by '{place}'.")
    if left_out.reasons:
        said.append(left_out.describe())
    if not paths:
        raise FileNotFoundError(
            f'{first_few([repr(place) for place in places])} '
            f'{"holds" if len(places) == 1 else "hold"} no image. {" ".join(said)}'
        )
    root = os.path.commonpath([os.path.dirname(path) for path in paths])
    start = len(os.path.join(root, ''))
    return Sources(root, [path[start:] for path in paths], said)


def _images(place: str, said: list[str]) -> Iterator[str]:
    """Yield the absolute paths that a place names."""
    lower = place.lower()
    if os.path.isdir(place):
        listing = list_images(place, readable_endings())
        said.append(listing.describe())
        root = os.path.abspath(place)
        yield from (os.path.join(root, name) for name in listing.images)
    elif lower.endswith(ENDING):
        yield from (f'{os.path.abspath(place)}/{name}' for name in list_members(place))
    elif lower.endswith(TABLES):
        yield from read_paths(place)
    elif lower.endswith(LIST):
        folder = os.path.dirname(os.path.abspath(place))
        with open(place, encoding='utf-8', errors='surrogateescape') as file:
            for line in file:
                if line.strip():
                    yield os.path.normpath(os.path.join(folder, line.strip()))
    elif lower.endswith(readable_endings()):
        yield os.path.abspath(place)
    else:
        raise ValueError(
            f"'{place}' is neither a folder, a .zip archive, an image, a list (.txt) nor a table "
            f'({", ".join(TABLES)}): unpack other archives, or give the folder of .tar files.'
        )
