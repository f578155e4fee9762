"""A folder of images without labels, nested as deep as it likes."""

import logging
import os
from collections.abc import Callable, Sequence

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmcnx2.checks import check_not_empty, check_types
from mmcnx2.datasets.addresses import is_address, join
from mmcnx2.datasets.listing import list_images
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.datasets.unreadable import UnreadableImages, check_max_unreadable
from mmcnx2.paths import expand_home
from mmcnx2.registry import DATASETS


@DATASETS.register_module()
class ImageFolderUnlabelled(BaseDataset):
    """Every image below a folder, in the order of their relative paths.

    The first transform of the pipeline must be the one that reads the file. A file that it cannot
    read (zero bytes, truncated, no image), or that a later one finds to be damaged
    (``UnreadableImageError``), is counted, named once in a warning, and another sample takes its
    place; a later transform that fails otherwise is a mistake in the pipeline and is raised. The
    count is shared by the workers of one process, and :attr:`unreadable` lists the files seen so
    far. With several processes each one warns of the files in its own share of the epoch.

    Names that begin with a dot are left out, links to folders are followed. The log says how many
    images were found and what was left out, by ending: other files, pipes and devices with an
    image's name, folders that cannot be listed.

    Args:
        data_root: The folder to search, or its address; ``~`` is the home folder.
        ann_file: Text file of paths below ``data_root``, a line each: those images alone, in its
            order, without looking whether they are there.
        pipeline: mmcv transforms; the first one gets ``dict(img_path=..., sample_idx=...)``.
        extensions: File name endings that count as images, compared without regard to case. Default
            those of :func:`.readers.readable_endings`.
        max_unreadable: More than this share of unreadable files stops the run: of those tried so
            far, of 1000 at the beginning, of all in a smaller folder. 1 never does.
        kwargs: Those of ``mmengine.dataset.BaseDataset``, such as ``indices=100`` for a trial.

    Raises:
        FileNotFoundError: If ``data_root`` is not a folder, or holds no image.
        AddressError: If the address cannot be listed.
        ValueError: If ``max_unreadable`` is not from 0 to 1, or ``data_root`` is empty.
    """

    @check_types
    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence[dict | Callable],
        *,
        extensions: Sequence[str] | None = None,
        max_unreadable: float = 1.0,
        **kwargs,
    ) -> None:
        check_not_empty(data_root=data_root)
        check_max_unreadable(max_unreadable)
        self.max_unreadable = max_unreadable
        if extensions is None:
            extensions = readable_endings()
        self.extensions = tuple(extension.lower() for extension in extensions)
        root = expand_home(os.fspath(data_root))
        super().__init__(data_root=root, pipeline=list(pipeline), **kwargs)

    @property
    def unreadable(self) -> list[str]:
        """Paths of the files that could not be read so far, in the data set's order."""
        return [self.get_data_info(i)['img_path'] for i in self._unreadable.indices]

    def _join_prefix(self) -> None:
        """Put the folder before ``ann_file``; mmengine knows no addresses but its own stores'."""
        if not is_address(self.data_root):
            super()._join_prefix()

    def load_data_list(self) -> list[dict]:
        """Return ``img_path`` of each image. See :meth:`list_names`."""
        return [dict(img_path=join(self.data_root, name)) for name in self.list_names()]

    def list_names(self) -> list[str]:
        """List the images and say in the log what was found. See the class for errors.

        Returns:
            Their paths below ``data_root``.
        """
        root = self.data_root
        if self.ann_file:
            return self._read_list()
        if not is_address(root) and not os.path.isdir(root):
            raise FileNotFoundError(
                f"Image folder '{root}'{_in_full(root)} does not exist: point data_root "
                f'at a folder that holds images.'
            )
        listing = list_images(root, self.extensions)
        if not listing.images:
            tars = '; tar files are read as shards (docs/data_path.md)'
            raise FileNotFoundError(
                f"Image folder '{root}'{_in_full(root)} and its subfolders hold no image:"
                f' expected names that end in {", ".join(self.extensions)}; point data_root '
                f'elsewhere or pass extensions=(...){listing.describe_left_out()}'
                f'{tars if listing.left_out[".tar"] else ""}.'
            )
        level = logging.WARNING if listing.mendable else logging.INFO
        print_log(listing.describe(), logger='current', level=level)
        return listing.images

    def _read_list(self) -> list[str]:
        """Return the lines of ``ann_file``.

        Raises:
            FileNotFoundError: It does not exist, or is empty.
        """
        if not os.path.isfile(self.ann_file):
            raise FileNotFoundError(
                f"list of images '{self.ann_file}' does not exist: mend ann_file."
            )
        with open(self.ann_file, encoding='utf-8', errors='surrogateescape') as file:
            names = [line.rstrip('\n') for line in file if line.strip()]
        if not names:
            raise FileNotFoundError(f"list of images '{self.ann_file}' is empty: name some in it.")
        print_log(f"Found {len(names)} images in '{self.ann_file}'.", logger='current')
        return names

    def full_init(self) -> None:
        """List the images, once."""
        if self._fully_initialized:
            return
        if self.serialize_data:
            # As mmengine does, but with names instead of a pickled dict of each image, which takes
            # four times the memory for a million, and seconds.
            self.data_list = self.list_names()
            if self._indices is not None:
                self.data_list = self._get_unserialized_subset(self._indices)
            self.data_bytes, self.data_address = self._serialize_data()
            self._fully_initialized = True
        else:
            super().full_init()
        self._unreadable = UnreadableImages(len(self), self.max_unreadable)

    def _serialize_data(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the names, each with a line break behind it, and where each of them ends.

        Arrays have no counters of references, so that loading processes share them.
        """
        names = [os.fsencode(f'{name}\n') for name in self.data_list]
        self.data_list = []
        ends = np.cumsum(np.fromiter(map(len, names), np.int64, len(names)))
        return np.frombuffer(b''.join(names), np.uint8), ends

    def get_data_info(self, idx: int) -> dict:
        """Return ``img_path`` and ``sample_idx`` of an image."""
        self.full_init()
        if not self.serialize_data:
            return super().get_data_info(idx)
        idx = range(len(self))[idx]
        start = int(self.data_address[idx - 1]) if idx else 0
        name = os.fsdecode(self.data_bytes[start : int(self.data_address[idx]) - 1].tobytes())
        return dict(img_path=join(self.data_root, name), sample_idx=idx)

    def encoded_names(self) -> memoryview:
        """Return all names in their order, each with a line break behind it."""
        self.full_init()
        if self.serialize_data:
            return memoryview(self.data_bytes)
        start = len(join(self.data_root, ''))
        names = (each['img_path'][start:] for each in self.data_list)
        return memoryview(os.fsencode(''.join(f'{name}\n' for name in names)))

    def prepare_data(self, idx: int) -> dict | None:
        """Return sample ``idx`` after the pipeline, or None if its file cannot be read.

        Raises:
            TooManyUnreadableError: If that makes them more than ``max_unreadable``.
        """
        return self._unreadable.prepare(self, idx)

    def __getitem__(self, idx: int) -> dict:
        """Return sample ``idx`` after the pipeline, or another one if its file cannot be read.

        Raises:
            RuntimeError: If no file can be read, or in ``test_mode`` if this one cannot.
        """
        for _ in range(1 if self.test_mode else self.max_refetch + 1):
            data = self.prepare_data(idx)
            if data is not None:
                return data
            if len(self._unreadable) == len(self):
                break
            idx = self._rand_another()
        raise RuntimeError(
            f"{len(self._unreadable)} of {len(self)} images below '{self.data_root}' could "
            'not be read and none was left to take their place: see the warnings above for names '
            'and reasons.'
        )


def _in_full(root: str) -> str:
    return '' if is_address(root) else f' ({os.path.abspath(root)})'
