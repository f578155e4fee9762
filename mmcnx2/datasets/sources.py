"""Where images lie, in a word: folders, patterns, zip archives, lists and tables of paths."""

import glob
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from mmcnx2.datasets.addresses import find_addresses, is_address, join
from mmcnx2.datasets.image_table import (
    ImageTable,
    is_parquet,
    is_saved,
    saved_parts,
    split_row,
)
from mmcnx2.datasets.labels.left_out import LeftOut
from mmcnx2.datasets.labels.table import ENDINGS as TABLES
from mmcnx2.datasets.labels.table import full_path, read_lines, read_paths
from mmcnx2.datasets.listing import list_images
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.datasets.zip_archive import ENDING, list_members
from mmcnx2.first_few import first_few

LIST = '.txt'
_FILES = (LIST, ENDING, '.tar', '.gz', '.tgz', *TABLES)  # what an address may name besides folders


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
        word: A path that is there, or several with commas, each of which may be an address, or a
            pattern such as ``data/*/images``.

    Raises:
        AddressError: A pattern is an address that cannot be read.
        FileNotFoundError: Nothing is where one of them points.
    """
    if os.path.exists(word):
        return [word]
    places = []
    for each in (part.strip() for part in word.split(',')):
        if not is_address(each):
            found = [each] if os.path.exists(each) else sorted(glob.glob(each, recursive=True))
        elif '*' in each:
            found = find_addresses(each)
        else:
            found = [each]
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
        AddressError: An address cannot be read.
        FileNotFoundError: A place is not there, or no image is in any.
        ImportError: A table needs a library that is not there.
        ValueError: A place is none of these.
    """
    left_out, said, paths = LeftOut(), [], {}
    endings = readable_endings()
    places = find_places(word)
    for place in places:
        count, lines = len(paths), len(said)
        for path in _images(place, said):
            if not path.lower().endswith(endings) and not split_row(path):
                left_out.add('files that are no images by their endings', path)
            elif '\n' in path:
                left_out.add('files with a line break in their names', repr(path))
            elif path in paths:
                left_out.add('images that are named twice', path)
            else:
                paths[path] = None
        if len(said) == lines:
            said.append(f"Found {len(paths) - count} images by '{place}'.")
    if left_out.reasons:
        said.append(left_out.describe())
    if not paths:
        raise FileNotFoundError(
            f'{first_few([repr(place) for place in places])} '
            f'{"holds" if len(places) == 1 else "hold"} no image. {" ".join(said)}'
        )
    root = common_root(paths)
    start = len(os.path.join(root, ''))
    return Sources(root, [path[start:] for path in paths], said)


def common_root(paths: Collection[str]) -> str:
    """Return the folder, or the address of one, that all paths lie below.

    Raises:
        ValueError: There is none, as they are of this machine and of others.
    """
    kinds = {path.partition('://')[0] + '://' if is_address(path) else os.sep for path in paths}
    if len(kinds) > 1:
        raise ValueError(
            f'images lie at {" and ".join(sorted(kinds))}, but a run reads those of one kind of '
            'place: download or mount the others.'
        )
    (kind,) = kinds
    root = kind + os.path.commonpath([os.path.dirname(path.removeprefix(kind)) for path in paths])
    while kind == os.sep and os.path.isfile(root):  # an archive or a table
        root = os.path.dirname(root)
    return root


def _images(place: str, said: list[str]) -> Iterator[str]:
    """Yield the absolute paths, or addresses, that a place names."""
    lower, away = place.lower(), is_address(place)
    if parts := saved_parts(place):
        part = parts.get('train') or next(iter(parts.values()))
        said.append(f"Of '{place}', which holds {', '.join(parts)}, '{part}' is taken.")
        yield from _images(part, said)
    elif is_saved(place):
        table = ImageTable(_whole(place))
        if table.column is None:
            raise ValueError(f"data set '{place}' has no column of images.")
        yield from table.paths()
    elif os.path.isdir(place) or (away and not lower.endswith((*_FILES, *readable_endings()))):
        listing = list_images(place, readable_endings())
        said.append(listing.describe())
        yield from (join(_whole(place), name) for name in listing.images)
    elif is_parquet(place) and (table := ImageTable(_whole(place))).column:
        yield from table.paths()
    elif lower.endswith(TABLES):
        yield from read_paths(place)
    elif lower.endswith(LIST):
        yield from (full_path(place, line) for line in read_lines(place))
    elif lower.endswith(readable_endings()):
        yield _whole(place)
    elif lower.endswith(ENDING) and not away:
        yield from (f'{os.path.abspath(place)}/{name}' for name in list_members(place))
    else:
        raise ValueError(
            f"'{place}' is neither a folder, a .zip archive, an image, a list (.txt) nor a table "
            f'({", ".join(TABLES)}): unpack other archives, or give the folder of .tar files.'
        )


def _whole(place: str) -> str:
    return place if is_address(place) else os.path.abspath(place)
