"""A folder of images without labels, nested as deep as it likes."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence

from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmcnx2.checks import check_types
from mmcnx2.datasets.unreadable import UnreadableImages, check_max_unreadable, run_transforms
from mmcnx2.registry import DATASETS

# What mmcv's default decoder (OpenCV) reads.
EXTENSIONS = (
    '.jpg', '.jpeg', '.jpe', '.jp2', '.png', '.bmp', '.tif', '.tiff', '.webp', '.gif', '.avif',
    '.ppm', '.pgm', '.pbm', '.pnm',
)  # fmt: skip


@DATASETS.register_module()
class ImageFolderUnlabelled(BaseDataset):
    """Every image below a folder, in the order of their relative paths.

    The first transform of the pipeline must be the one that reads the file. A file that it cannot
    read (zero bytes, truncated, no image), or that a later one finds to be damaged
    (``UnreadableImageError``), is counted, named once in a warning, and another sample takes its
    place; a later transform that fails otherwise is a mistake in the pipeline and is raised. The
    count is shared by the workers of one process, and :attr:`unreadable` lists the files seen so
    far. With several processes each one warns of the files in its own share of the epoch.

    Names that begin with a dot are left out, links to folders are followed.

    Args:
        data_root: The folder to search.
        pipeline: mmcv transforms; the first one gets ``dict(img_path=..., sample_idx=...)``.
        extensions: File name endings that count as images, compared without regard to case.
        max_unreadable: More than this share of unreadable files stops the run: of those tried so
            far, of 1000 at the beginning, of all in a smaller folder. 1 never does.
        kwargs: Those of ``mmengine.dataset.BaseDataset``, such as ``indices=100`` for a trial.

    Raises:
        FileNotFoundError: If ``data_root`` is not a folder, or holds no image.
        ValueError: If ``max_unreadable`` is not from 0 to 1.
    """

    @check_types
    def __init__(
        self,
        data_root: str | os.PathLike,
        pipeline: Sequence[dict | Callable],
        *,
        extensions: Sequence[str] = EXTENSIONS,
        max_unreadable: float = 1.0,
        **kwargs,
    ) -> None:
        check_max_unreadable(max_unreadable)
        self.max_unreadable = max_unreadable
        self.extensions = tuple(extension.lower() for extension in extensions)
        super().__init__(data_root=os.fspath(data_root), pipeline=list(pipeline), **kwargs)

    @property
    def unreadable(self) -> list[str]:
        """Paths of the files that could not be read so far, in the data set's order."""
        return [self.get_data_info(i)['img_path'] for i in self._unreadable.indices]

    def load_data_list(self) -> list[dict]:
        """List the images. See the class for errors."""
        root = self.data_root
        if not os.path.isdir(root):
            raise FileNotFoundError(
                f"Image folder '{root}' ({os.path.abspath(root)}) does not exist: point data_root "
                f'at a folder that holds images.'
            )
        paths = sorted(list_files(root), key=lambda path: path.split(os.sep))
        images = [path for path in paths if path.lower().endswith(self.extensions)]
        if not images:
            raise FileNotFoundError(
                f"Image folder '{root}' ({os.path.abspath(root)}) and its subfolders hold no image "
                f'among {len(paths)} files: expected names that end in {", ".join(self.extensions)}'
                f'; point data_root elsewhere or pass extensions=(...).'
            )
        return [dict(img_path=os.path.join(root, image)) for image in images]

    def full_init(self) -> None:
        """List the images, once."""
        if self._fully_initialized:
            return
        super().full_init()
        self._unreadable = UnreadableImages(len(self), self.max_unreadable)

    def prepare_data(self, idx: int) -> dict | None:
        """Return sample ``idx`` after the pipeline, or None if its file cannot be read.

        Raises:
            TooManyUnreadableError: If that makes them more than ``max_unreadable``.
        """
        data = self.get_data_info(idx)
        self._unreadable.count_try()
        path = data['img_path']
        data, reason = run_transforms(self.pipeline.transforms, data)
        if reason:
            self._unreadable.add(idx, path, reason)
        return data

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
            f'not be read and none was left to take their place: see the warnings above for names '
            f'and reasons.'
        )


def list_files(root: str) -> Iterator[str]:
    """Yield the files below a folder, relative to it; each real folder is entered once.

    Names that begin with a dot are left out, links to folders are followed. A folder that cannot
    be listed is named in a warning.

    Args:
        root: The folder.
    """
    entered = set()
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_warn):
        # Links may lead back up: a folder that was entered before is not entered again.
        real = os.path.realpath(folder)
        if real in entered:
            subfolders.clear()
            continue
        entered.add(real)
        # Sorted, so that of two links to one folder the same one is entered on every machine.
        subfolders[:] = sorted(name for name in subfolders if not name.startswith('.'))
        relative = os.path.relpath(folder, root)
        prefix = '' if relative == os.curdir else relative
        yield from (os.path.join(prefix, name) for name in names if not name.startswith('.'))


def _warn(error: OSError) -> None:
    print_log(
        f"Cannot list folder '{error.filename}' ({error.strerror}): its images are left out.",
        logger='current',
        level=logging.WARNING,
    )
