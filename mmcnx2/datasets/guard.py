"""Any toolbox's data set, guarded against files that cannot be read."""

from collections.abc import Iterator

from mmengine.dataset import BaseDataset
from torch.utils.data import Dataset

from mmcnx2.datasets.image_limits import UnreadableImageError
from mmcnx2.datasets.unreadable import UnreadableImages, run_transforms


class ReplacingGuard:
    """Stands for a data set's ``prepare_data``: a file that cannot be read is counted and replaced.

    The data set itself draws the sample that takes its place.

    Args:
        dataset: Its first transform reads the file.
        max_unreadable: As for :class:`.unreadable.UnreadableImages`.
    """

    def __init__(self, dataset: BaseDataset, max_unreadable: float):
        self.dataset = dataset
        self.unreadable = UnreadableImages(len(dataset), max_unreadable)

    def __call__(self, index: int) -> dict | None:
        """Return a sample, or None. See :meth:`.unreadable.UnreadableImages.prepare`."""
        return self.unreadable.prepare(self.dataset, index)


class NamingGuard:
    """Stands for a data set's ``prepare_data``: a file that cannot be read is named and ends it.

    In a validation or a test another sample in its place would be another score.

    Args:
        dataset: Its first transform reads the file.
    """

    def __init__(self, dataset: BaseDataset):
        self.dataset = dataset

    def __call__(self, index: int) -> dict | None:
        """Return a sample.

        Raises:
            UnreadableImageError: If a file of it cannot be read.
        """
        data = self.dataset.get_data_info(index)
        path = data.get('img_path', f'sample {index}')
        data, reason = run_transforms(self.dataset.pipeline.transforms, data)
        if reason:
            raise UnreadableImageError(
                f"cannot read '{path}' ({reason}): a score takes every image, so repair it, or "
                'take it out of the data set.'
            )
        return data


def guard_data(dataset: Dataset, max_unreadable: float | None) -> None:
    """Guard a data set, or those within it, that leave files to mmengine which cannot be read.

    Args:
        dataset: As for :func:`unguarded`.
        max_unreadable: Share of them that is replaced; None ends with the first.
    """
    for part in unguarded(dataset):
        if max_unreadable is None:
            part.prepare_data = NamingGuard(part)
        else:
            part.prepare_data = ReplacingGuard(part, max_unreadable)


def unguarded(dataset: Dataset) -> Iterator[BaseDataset]:
    """Yield the data sets within a data set, or it itself, that leave such files to mmengine.

    Those that look after their files themselves are left out.

    Args:
        dataset: Such as a ``ConcatDataset``, or a ``RepeatDataset`` around another one.
    """
    for part in getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]:
        if part is not None:
            yield from unguarded(part)
    own = getattr(dataset, 'prepare_data', None)
    if isinstance(dataset, BaseDataset) and getattr(own, '__func__', 0) is BaseDataset.prepare_data:
        yield dataset
