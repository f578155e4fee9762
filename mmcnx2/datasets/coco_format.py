"""Detection on one's own data in COCO's format, with the class names that its file holds."""

from collections.abc import Sequence
from pathlib import Path

from mmdet.datasets import CocoDataset
from mmengine.logging import print_log

from mmcnx2.checks import check_no_address, check_not_empty
from mmcnx2.datasets.coco_file import CocoContents, class_names, complete, read_coco
from mmcnx2.first_few import first_few
from mmcnx2.paths import expand_home
from mmcnx2.registry import DATASETS


@DATASETS.register_module()
class CocoFormatDataset(CocoDataset):
    """``CocoDataset`` of any classes; without ``metainfo`` they are read from an annotation file.

    Classes count in the order of the file's ``categories``. mmdet numbers them so whatever the
    order of the names that it is told, and files of one data set may differ: what would give a
    label two meanings is refused.

    What the file lacks and can be computed is computed, in memory, and the log says what
    (:func:`.coco_file.complete`). Masks cannot: where an object has none, all are left out, and
    each image's ``with_masks`` is False. With ``lazy_init=True`` nothing is read until images are
    asked for.

    Args:
        ann_file: Annotations in COCO's format, below ``data_root``.
        classes_from: The annotation file whose categories count, below ``data_root``: for
            validation, that of training. Default ``ann_file``.
        metainfo: ``dict(classes=...)`` to use some of the categories only.
        data_root: Folder of the data; ``~`` is the home folder. Default ``''``: the other paths are
            whole ones.
        lazy_init: As for ``CocoDataset``.
        **options: As for ``CocoDataset``.

    Raises:
        FileNotFoundError: A file is not there.
        ValueError: ``ann_file`` is empty, a file is not in COCO's format, or ``ann_file`` lacks a
            class, or has the classes in another order.
    """

    METAINFO: dict = {}

    def __init__(
        self,
        *,
        ann_file: str,
        classes_from: str | None = None,
        metainfo: dict | None = None,
        data_root: str = '',
        lazy_init: bool = False,
        **options,
    ):
        check_not_empty(ann_file=ann_file, classes_from=classes_from)
        check_no_address(data_root=data_root)
        data_root = expand_home(data_root)
        self.classes_from = Path(data_root) / classes_from if classes_from else None
        super().__init__(
            ann_file=ann_file, metainfo=metainfo, data_root=data_root, lazy_init=True, **options
        )
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Read the annotation file, once. See the class for the errors."""
        if self._fully_initialized:
            return
        contents = read_coco(self.ann_file)
        self._metainfo['classes'] = choose_classes(
            contents, self.ann_file, given=self._metainfo.get('classes'), others=self.classes_from
        )
        if done := complete(contents, images=self.data_prefix['img']):
            kinds = ', '.join(f'{key} of {count}' for key, count in done.items())
            print_log(f"'{self.ann_file}' lacks {kinds}: computed in memory.", logger='current')
        self._with_masks = self._have_masks(contents)
        self.COCOAPI = lambda path: CocoContents(contents)
        super().full_init()
        del self.COCOAPI  # the contents are not needed any more

    def parse_data_info(self, raw_data_info: dict) -> dict:
        """Return an image with its objects, as ``CocoDataset`` does, and with ``with_masks``."""
        info = super().parse_data_info(raw_data_info)
        info['with_masks'] = self._with_masks
        if not self._with_masks:
            for instance in info['instances']:
                instance.pop('mask', None)
        return info

    def _have_masks(self, contents: dict) -> bool:
        objects = contents['annotations']
        without = sum(not annotation.get('segmentation') for annotation in objects)
        if 0 < without < len(objects):
            print_log(
                f"'{self.ann_file}' has {without} objects of {len(objects)} without a mask: the "
                'masks of the others are left out, too.',
                logger='current',
            )
        return not without


def choose_classes(
    contents: dict,
    ann_file: str | Path,
    *,
    given: Sequence[str] | None = None,
    others: str | Path | None = None,
) -> tuple[str, ...]:
    """Return the names of the classes by label.

    Args:
        contents: Contents of ``ann_file``.
        ann_file: The file's path, for the errors.
        given: Names to use, some or all of the file's.
        others: Another annotation file, whose categories count unless names are given.

    Raises:
        FileNotFoundError: If there is no such file as ``others``.
        ValueError: The file lacks a class, or has the classes in another order.
    """
    if given:
        classes = tuple(given)
    else:
        classes = class_names(read_coco(others) if others else contents)
    found = [name for name in class_names(contents) if name in classes]
    if missing := [name for name in classes if name not in found]:
        raise ValueError(f"'{ann_file}' has no category {first_few(missing)}: add it to the file.")
    if found != list(classes):
        raise ValueError(
            f"'{ann_file}' has the categories in the order {', '.join(found)}, but labels count as "
            f'{", ".join(classes)}: sort the file, or the names that metainfo gives.'
        )
    return classes
