"""What a folder of images holds: dtype, channels, and mean and deviation of each."""

import json
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from os.path import splitext
from pathlib import Path
from typing import Any

import numpy as np

from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import MAX_PIXELS, UnreadableImageError
from mmcnx2.datasets.listing import list_images
from mmcnx2.datasets.moments import ChannelMoments
from mmcnx2.datasets.readers import ReadOptions, readable_endings
from mmcnx2.datasets.reading import describe_difference
from mmcnx2.outputs import write_text
from mmcnx2.paths import expand_home, printable

SAMPLE = 1000
"""So many files are measured where there are more."""
_THREADS = 4  # each holds an image
FILE_NAME = 'normalization.json'
"""What a run keeps, beside its checkpoints."""


class UnlikeFilesError(ValueError):
    """Files of one data set differ in dtype or channels."""


@dataclass(frozen=True)
class DataStatistics:
    """What the pixels of a data set are.

    Channels are in the order that the model sees: the file's, or that of ``bands``; of gray and
    color pictures of 8 bits, red, green, blue.

    Attributes:
        dtype: Such as 'uint16'.
        channels: Their number.
        mean: Of each channel, in the file's units.
        std: The channel's deviation; 1 where all values are the same.
        minimum: The smallest value.
        maximum: The largest.
        missing: Share of values that are not there, 0 to 1: NaN, infinity and nodata.
        measured: Files that were measured.
        unreadable: Files of the sample that could not be read.
        files: Files that there are.
        bands: That were chosen; None for all.
        endings: Files by the ending of their names, where those are known.
    """

    dtype: str
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    missing: tuple[float, ...]
    measured: int
    unreadable: int
    files: int
    bands: tuple[int, ...] | None = None
    endings: Mapping[str, int] = field(default_factory=dict)

    @property
    def kind(self) -> tuple:
        """What must be the same where these statistics are to hold."""
        return self.dtype, self.channels, self.bands

    @property
    def is_rgb(self) -> bool:
        """Whether these are pictures of 8 bits and three channels, as ImageNet's."""
        return self.dtype == 'uint8' and self.channels == 3 and self.bands is None

    def describe(self) -> str:
        """Return lines for people: what there is, then a row a channel."""
        kinds = ', '.join(f'{count} {ending}' for ending, count in self.endings.items())
        some = f' ({kinds})' if kinds else ''
        unread = f', {self.unreadable} of them unreadable' if self.unreadable else ''
        asked = self.measured + self.unreadable
        lines = [
            f'{self.files} files{some}, {self.channels} channels of {self.dtype}; measured on '
            f'{asked} files{unread}:',
            'channel         mean    deviation      minimum      maximum  missing',
        ]
        names = self.bands or range(1, self.channels + 1)
        columns = (self.mean, self.std, self.minimum, self.maximum, self.missing)
        for name, *numbers, absent in zip(names, *columns, strict=True):
            row = ' '.join(f'{number:12.5g}' for number in numbers)
            lines.append(f'{name:7d} {row} {absent:8.3%}')
        return '\n'.join(lines)

    def save(self, path: str | Path) -> None:
        """Write all of it as JSON."""
        write_text(Path(path), json.dumps(asdict(self), indent=2) + '\n')

    @classmethod
    def load(cls, path: str | Path) -> 'DataStatistics':
        """Read what :meth:`save` wrote.

        Args:
            path: The file, or the folder of a run that has one.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it is another file.
        """
        path = Path(expand_home(str(path)))
        path = path / FILE_NAME if path.is_dir() else path
        if not path.is_file():
            raise FileNotFoundError(
                f"normalize='{path}' does not exist: give auto, imagenet, or the {FILE_NAME} of a "
                'run, or its folder.'
            )
        try:
            return cls._of(json.loads(path.read_text(encoding='utf-8')))
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise ValueError(
                f"'{path}' is no {FILE_NAME} of a run ({error}): give one, auto or imagenet."
            ) from None

    @classmethod
    def _of(cls, content: dict[str, Any]) -> 'DataStatistics':
        known = {entry.name for entry in fields(cls)}
        content = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in content.items()
            if name in known
        }
        found = cls(**content)
        lengths = {len(found.mean), len(found.std), found.channels}
        if len(lengths) != 1 or not all(np.isfinite(found.mean + found.std)) or min(found.std) <= 0:
            raise ValueError('it has not one mean and one deviation above 0 a channel')
        return found


def look_at_folder(
    folder: str | Path,
    *,
    options: ReadOptions | None = None,
    sample: int = SAMPLE,
    max_pixels: int = MAX_PIXELS,
) -> DataStatistics:
    """Measure the images below a folder: what a command line shows of data before it is trained on.

    Args:
        folder: Nested as deep as it likes; ``~`` is the home folder.
        options: How to read them; ``bands`` chooses channels.
        sample: So many files are measured at most, the same ones each time.
        max_pixels: A picture that has more, by its header, is unreadable.

    Raises:
        FileNotFoundError: If there is no such folder, or no image in it.
        UnlikeFilesError: If files differ in dtype or channels, with two of them.
        ValueError: If none can be read.
    """
    root = expand_home(str(folder))
    listing = list_images(root, readable_endings()) if Path(root).is_dir() else None
    if listing is None or not listing.images:
        why = 'holds no image' if listing else 'does not exist'
        left_out = listing.describe_left_out() if listing else ''
        raise FileNotFoundError(f"folder '{root}' {why}{left_out}: give a folder of images.")
    paths = [f'{root}/{image}' for image in listing.images]
    return measure(paths, options=options, sample=sample, max_pixels=max_pixels)


def measure(
    files: Sequence[str] | Iterable[tuple[str, bytes]],
    *,
    options: ReadOptions | None = None,
    sample: int = SAMPLE,
    max_pixels: int = MAX_PIXELS,
) -> DataStatistics:
    """Measure image files: every value of a sample of them, one image a thread in memory.

    Args:
        files: Their paths, of which some are drawn; or paths and contents, all of which count.
        options: How to read them.
        sample: So many of the paths are measured at most, the same ones each time.
        max_pixels: A picture that has more, by its header, is unreadable.

    Raises:
        UnlikeFilesError: If files differ in dtype or channels, with two of them.
        ValueError: If none can be read.
    """
    files = list(files)
    options = options or ReadOptions()
    chosen = files if len(files) <= sample else random.Random(0).sample(files, sample)

    def read(file: str | tuple[str, bytes]) -> tuple[str, Any]:
        path, data = (file, None) if isinstance(file, str) else file
        try:
            data = read_image_file(path) if data is None else data
            image = EncodedImage(data, max_pixels=max_pixels, options=options)
            values = image.decode()[0]
            return path, (values, image.missing)
        except (OSError, UnreadableImageError) as error:
            return path, error

    moments, first, unreadable = None, None, {}
    with ThreadPoolExecutor(_THREADS) as pool:
        for start in range(0, len(chosen), _THREADS):  # no more images in memory than that
            for path, found in pool.map(read, chosen[start : start + _THREADS]):
                if isinstance(found, Exception):
                    unreadable[path] = found
                    continue
                values, absent = found
                kind = (values.dtype.name, values.shape[2])
                if moments is None:
                    first, moments = (path, kind), ChannelMoments(kind[1])
                if kind != first[1]:
                    raise UnlikeFilesError(describe_difference(*first, path, kind))
                moments.add(values, absent)
    if moments is None:
        path, error = next(iter(unreadable.items()), ('', 'there are no files'))
        raise ValueError(
            printable(f"none of {len(chosen)} files can be read, such as '{path}': {error}")
        )
    paths = [file if isinstance(file, str) else file[0] for file in files]
    return _statistics(moments, first[1], options, paths, len(chosen), len(unreadable))


def _statistics(
    moments: ChannelMoments,
    kind: tuple[str, int],
    options: ReadOptions,
    paths: Sequence[str],
    chosen: int,
    unreadable: int,
) -> DataStatistics:
    if not moments.count.all():
        number = int(np.flatnonzero(moments.count == 0)[0]) + 1
        raise ValueError(
            f'channel {number} has no value in {chosen} files (NaN, infinite or nodata): choose '
            'bands without it.'
        )
    std = np.where(moments.std > 0, moments.std, 1.0)
    share = moments.missing / (moments.missing + moments.count)
    columns = (moments.mean, std, moments.minimum, moments.maximum, share)
    if kind[1] == 3:  # in OpenCV's order so far
        columns = tuple(column[::-1] for column in columns)
    mean, std, low, high, absent = (tuple(map(float, column)) for column in columns)
    return DataStatistics(
        dtype=kind[0], channels=kind[1], mean=mean, std=std, minimum=low, maximum=high,
        missing=absent, measured=chosen - unreadable, unreadable=unreadable, files=len(paths),
        bands=None if options.bands is None else tuple(options.bands),
        endings=dict(Counter(splitext(path)[1].lower() for path in paths).most_common()),
    )  # fmt: skip
