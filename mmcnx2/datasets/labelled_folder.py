"""Images in a folder for each class: every format that pre-training reads, and labels that last."""

import os
from collections.abc import Sequence

from mmpretrain.datasets import CustomDataset

from mmcnx2.checks import check_no_address, check_not_empty
from mmcnx2.datasets.listing import list_files
from mmcnx2.datasets.readers import readable_endings
from mmcnx2.first_few import first_few
from mmcnx2.paths import expand_home
from mmcnx2.registry import DATASETS


@DATASETS.register_module()
class ImageFolderLabelled(CustomDataset):
    """``CustomDataset`` of class folders, numbered alike wherever they are.

    ``CustomDataset`` numbers the folders that it finds, so that validation folders which are not
    those of training give labels another meaning, and takes hidden folders for classes. Here the
    names of another folder, or given ones, count, and a folder of another name is refused. Names
    that begin with a dot are left out.

    Args:
        data_root: Folder of the data; ``~`` is the home folder.
        data_prefix: The folder below it that holds the class folders.
        classes_from: The folder below ``data_root`` whose class folders, in alphabetical order,
            count: for validation, that of training. Default the images' own.
        extensions: File name endings that count as images, compared without regard to case. Default
            those of :func:`.readers.readable_endings`.
        metainfo: ``dict(classes=...)``, the names of the class folders by label, instead.
        options: As for ``CustomDataset``.

    Raises:
        FileNotFoundError: A folder is not there, or holds no image.
        ValueError: There is a class folder of another name than those that count, or the path is
            empty or an address.
    """

    def __init__(
        self,
        data_root: str = '',
        data_prefix: str | dict = '',
        *,
        classes_from: str | None = None,
        extensions: Sequence[str] | None = None,
        **options,
    ):
        if not data_prefix:
            check_not_empty(data_root=data_root)
        check_no_address(data_root=data_root)
        self.classes_from = classes_from
        super().__init__(
            data_root=expand_home(data_root),
            data_prefix=data_prefix,
            extensions=readable_endings() if extensions is None else extensions,
            **options,
        )

    def _find_samples(self) -> list:
        """Return path below the images' folder and label of each image. See the class."""
        if not self.with_label:
            return super()._find_samples()
        found = class_folders(self.img_prefix)
        classes = self.CLASSES or found
        if self.classes_from and not self.CLASSES:
            classes = class_folders(os.path.join(self.data_root, self.classes_from))
        if unknown := sorted(set(found) - set(classes)):
            raise ValueError(
                f"'{self.img_prefix}' has class folders that are none of the {len(classes)} "
                f'classes ({first_few(classes)}): {first_few(unknown)}; rename or remove them, or '
                'give training the same class folders.'
            )
        self.folder_to_idx = {name: label for label, name in enumerate(classes)}
        self._metainfo['classes'] = tuple(classes)
        samples = [
            (os.path.join(name, file), self.folder_to_idx[name])
            for name in found
            for file in sorted(list_files(os.path.join(self.img_prefix, name)))
            if self.is_valid_file(file)
        ]
        if not samples:
            endings = ', '.join(sorted(self.extensions))
            raise FileNotFoundError(
                f"'{self.img_prefix}' holds {len(found)} class folders and no image in them: "
                f'expected names that end in {endings}, in one folder a class.'
            )
        return samples


def class_folders(root: str) -> tuple[str, ...]:
    """Return the names of the folders directly below a folder, sorted, without hidden ones.

    Raises:
        FileNotFoundError: If there is no such folder.
    """
    if not os.path.isdir(root):
        raise FileNotFoundError(
            f"folder '{root}' does not exist: it is to hold one folder of images for each class."
        )
    with os.scandir(root) as entries:
        names = [entry.name for entry in entries if entry.is_dir()]
    return tuple(sorted(name for name in names if not name.startswith('.')))
