"""Detection on one's own data in COCO's format, with the class names that its file holds."""

import json
from collections.abc import Sequence
from pathlib import Path

from mmdet.datasets import CocoDataset

from mmcnx2.registry import DATASETS


@DATASETS.register_module()
class CocoFormatDataset(CocoDataset):
    """``CocoDataset`` of any classes; without ``metainfo`` they are read from an annotation file.

    Classes count in the order of the file's ``categories``. mmdet numbers them so whatever the
    order of the names that it is told, and files of one data set may differ: what would give a
    label two meanings is refused.

    Args:
        ann_file: Annotations in COCO's format, below ``data_root``.
        classes_from: The annotation file whose categories count, below ``data_root``: for
            validation, that of training. Default ``ann_file``.
        metainfo: ``dict(classes=...)`` to use some of the categories only.
        data_root: Folder of the data.
        **options: As for ``CocoDataset``.

    Raises:
        ValueError: ``ann_file`` lacks a class, or has the classes in another order.
    """

    METAINFO: dict = {}

    def __init__(
        self,
        *,
        ann_file: str,
        classes_from: str | None = None,
        metainfo: dict | None = None,
        data_root: str = '',
        **options,
    ):
        root = Path(data_root)
        metainfo = dict(metainfo or {})
        classes = metainfo.get('classes') or read_classes(root / (classes_from or ann_file))
        metainfo['classes'] = tuple(classes)
        _check_order(root / ann_file, metainfo['classes'])
        super().__init__(ann_file=ann_file, metainfo=metainfo, data_root=data_root, **options)


def read_classes(ann_file: str | Path) -> tuple[str, ...]:
    """Return the names of the categories of a file in COCO's format, in its order.

    Args:
        ann_file: Path of the ``.json``.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it has no categories.
    """
    if not Path(ann_file).is_file():
        raise FileNotFoundError(
            f"annotation file '{ann_file}' does not exist: set ann_file and data_root to where it "
            'is.'
        )
    with open(ann_file, encoding='utf-8') as file:
        categories = json.load(file).get('categories')
    if not categories:
        raise ValueError(
            f"'{ann_file}' has no 'categories', so it is not in COCO's format: convert it, or name "
            'another file.'
        )
    return tuple(category['name'] for category in categories)


def _check_order(ann_file: Path, classes: Sequence[str]) -> None:
    found = [name for name in read_classes(ann_file) if name in classes]
    if missing := [name for name in classes if name not in found]:
        raise ValueError(f"'{ann_file}' has no category {', '.join(missing)}: add it to the file.")
    if found != list(classes):
        raise ValueError(
            f"'{ann_file}' has the categories in the order {', '.join(found)}, but labels count as "
            f'{", ".join(classes)}: sort the file, or the names that metainfo gives.'
        )
