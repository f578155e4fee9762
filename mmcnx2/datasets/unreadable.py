"""Files that hold no image: counted, named once, and replaced; nothing else fails silently."""

import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmcnx2.datasets.addresses import AddressError
from mmcnx2.datasets.encoded_image import EncodedImage
from mmcnx2.datasets.image_file import read_image_file
from mmcnx2.datasets.image_limits import UnreadableImageError, explain
from mmcnx2.datasets.readers.opencv_log import without_opencv_warnings
from mmcnx2.paths import printable

ENOUGH_TO_JUDGE = 1000


class TooManyUnreadableError(RuntimeError):
    """So many files cannot be read that something else must be wrong."""


class UnreadableImages:
    """The files that could not be read so far, known to every worker of a process.

    Args:
        total: Number of images in the data set.
        max_share: Largest share of the images tried so far (of 1000, or of all if there are fewer,
            at the
            beginning), at most so many may be unreadable, from 0 to 1.

    Raises:
        ValueError: If ``max_share`` is out of range.
    """

    def __init__(self, total: int, max_share: float = 1.0):
        check_max_unreadable(max_share)
        self.max_share = max_share
        # Shared memory: a file that one worker has found unreadable is named by no other.
        self._seen = torch.zeros(total, dtype=torch.bool).share_memory_()
        self._tried = torch.zeros(1, dtype=torch.int64).share_memory_()
        # A file a name: the file system lets one of several workers make it, and no other.
        self._claims = Path(tempfile.mkdtemp(prefix='mmcnx2-unreadable-'))
        weakref.finalize(self, _remove, self._claims, os.getpid())

    def __len__(self) -> int:
        return int(self._seen.sum())

    @property
    def indices(self) -> list[int]:
        """Positions in the data set, ascending."""
        return self._seen.nonzero().flatten().tolist()

    def prepare(self, dataset: BaseDataset, index: int) -> dict | None:
        """Return a data set's sample after its pipeline, or None if it has none.

        Where that is because a file cannot be read, the file is counted.

        Args:
            dataset: Whose samples have an ``img_path``, for the warning.
            index: Index of the sample.

        Raises:
            TooManyUnreadableError: If that makes them too many.
        """
        data = dataset.get_data_info(index)
        path = data.get('img_path', f'sample {index}')
        self.count_try()
        data, reason = run_transforms(dataset.pipeline.transforms, data)
        if reason:
            self.add(index, path, reason)
        return data

    def count_try(self) -> None:
        """Note that an image is read; workers that do so at once may count as one."""
        self._tried += 1

    def add(self, index: int, path: str, reason: str) -> None:
        """Count a file and warn of it, the first time that it is met.

        Raises:
            TooManyUnreadableError: If that makes them too many.
        """
        if self._seen[index] or not self._claim(index):
            return
        self._seen[index] = True
        print_log(
            printable(
                f"Cannot read '{path}' ({reason}): another image takes its place; "
                f'{len(self)} of {len(self._seen)} files unreadable so far.'
            ),
            logger='current',
            level=logging.WARNING,
        )
        of = min(max(int(self._tried), ENOUGH_TO_JUDGE), len(self._seen))
        if len(self) > self.max_share * of:
            raise TooManyUnreadableError(
                f'{len(self)} of {of} images could not be read, more than '
                f'max_unreadable={self.max_share} allows; the last one is '
                f"'{path}' ({reason}): the log names each of them; check the disk and the "
                'copy of the data, or allow more.'
            )

    def _claim(self, index: int) -> bool:
        try:
            (self._claims / str(index)).touch(exist_ok=False)
        except FileExistsError:
            return False
        except OSError:  # a full disk: better named twice than not at all
            pass
        return True


def _remove(folder: Path, owner: int) -> None:
    """Remove a folder, if this is the process that has made it and no worker of it."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


def check_max_unreadable(share: float) -> None:
    """Refuse what is no share, with ValueError."""
    if not 0 <= share <= 1:
        raise ValueError(
            f'max_unreadable={share}, but a share from 0 to 1 of the images was expected.'
        )


def run_transforms(transforms: Sequence[Callable], data: dict) -> tuple[dict | None, str | None]:
    """Run a pipeline that begins with the transform that reads the file.

    Whatever that one raises is the file's fault, and so are an ``UnreadableImageError`` of a later
    one, pixels that are NaN or infinite, and a mask (``seg_map_path``) that cannot be decoded;
    anything else is a mistake in the pipeline and is raised; so is an address that does not
    answer, which no file is to blame for.

    Args:
        transforms: Transforms of a pipeline; may be empty.
        data: What the first one wants.

    Returns:
        The sample and why a file of it could not be read; one or both of them are None.
    """
    mask = data.get('seg_map_path')
    looked_at = False
    with without_opencv_warnings():
        for position, transform in enumerate(transforms):
            try:
                data = transform(data)
            except UnreadableImageError as error:
                return None, _describe(error)
            except AddressError:
                raise  # the network's fault, not the file's
            except Exception as error:  # decoders share no base class for their errors
                reason = _describe(error) if position == 0 else mask and _damage(mask)
                if not reason:
                    raise
                return None, reason
            if data is None:
                return None, None if position else 'no image in it'
            if not looked_at and isinstance(data, Mapping) and 'img' in data:
                looked_at = True
                if reason := _not_finite(data['img']):
                    return None, reason
    return data, None


def _not_finite(pixels: Any) -> str | None:
    """Say how many numbers are none, before they become a loss that is none."""
    if not isinstance(pixels, np.ndarray) or pixels.dtype.kind != 'f':
        return None
    bad = pixels.size - int(np.isfinite(pixels).sum())
    return f'{bad} of its {pixels.size} pixel values are NaN or infinite' if bad else None


def _damage(mask: str) -> str | None:
    try:
        EncodedImage(read_image_file(mask)).decode()
    except (OSError, UnreadableImageError) as error:
        return f"mask '{mask}': {_describe(error)}"
    return None


def _describe(error: Exception) -> str:
    if limit := explain(error):
        return limit
    sentence = ' '.join(str(error).split()).rstrip('.')
    if isinstance(error, UnreadableImageError):
        return sentence
    return f'{type(error).__name__}: {sentence}'
